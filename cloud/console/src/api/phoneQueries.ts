/** The seat's telephone: whether there is a telephone system, which extension rings here, what rings now. */
import { useQuery, type UseQueryResult } from "@tanstack/react-query";

import { useSeat } from "../desk/context";
import { answered, api, type PhoneCallPop } from "./client";
import { queries } from "./queries";

const readChoices = () => answered(api.GET("/api/v1/telephony/choices"));
export type PhoneChoices = Awaited<ReturnType<typeof readChoices>>;
export type SeatPhone = NonNullable<PhoneChoices["phone"]>;
export type ChosenState = "ready" | "wrap_up" | "not_ready" | "logged_out";

const PHONE = ["phone"];
const AGAIN_EVERY_MS = 60_000;

/** Telephone systems that this seat may use (none: calls are marked by hand), and its own telephone; who only looks has none. */
export function usePhone(): UseQueryResult<PhoneChoices> {
  const { mayAct } = useSeat();
  return useQuery({ queryKey: PHONE, queryFn: readChoices, enabled: mayAct, staleTime: 30_000, refetchInterval: AGAIN_EVERY_MS });
}

/** The seat whose telephone this is; undefined where it has none. */
export function phoneSeat(): string | undefined {
  return queries.getQueryData<PhoneChoices>(PHONE)?.phone?.seat_id;
}

/** An answer that was asked for before is older than this and must not undo it. */
async function keep(phone: SeatPhone): Promise<void> {
  await queries.cancelQueries({ queryKey: PHONE });
  queries.setQueryData<PhoneChoices>(PHONE, (before) => ({ providers: before?.providers ?? [phone.provider], phone }));
}

/** The extension rings here from now on. */
export async function registerExtension(extension: string, provider: string): Promise<void> {
  await keep(await answered(api.POST("/api/v1/telephony/seat", { body: { extension, provider, state: "ready" } })));
}

export async function setPhoneState(state: ChosenState): Promise<void> {
  await keep(await answered(api.POST("/api/v1/telephony/seat/state", { body: { state } })));
}

/** What rings or runs at this seat already, for a page that was just opened. */
export async function readRunningCalls(seatId: string): Promise<PhoneCallPop[]> {
  const { items } = await answered(api.GET("/api/v1/telephony/calls", { params: { query: { live: true } } }));
  const own = items.filter((call) => call.seat_id === seatId);
  return Promise.all(
    own.map((call) => answered(api.GET("/api/v1/telephony/calls/{call_id}", { params: { path: { call_id: call.id } } }))),
  );
}
