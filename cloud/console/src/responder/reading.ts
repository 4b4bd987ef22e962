/** What the responder's phone reads and says. */
import { useQuery, type UseQueryResult } from "@tanstack/react-query";

import { answered, api, ApiError, freshKey } from "../api/client";
import { queries } from "../api/queries";
import { useDesk } from "../desk/state";
import { inLanguage, textNow } from "../texts/texts";

const readDispatches = () => answered(api.GET("/api/v1/dispatches", { params: { query: { running: true } } }));
const readEnded = () => answered(api.GET("/api/v1/dispatches", { params: { query: { running: false, limit: 5 } } }));
const readMe = () => answered(api.GET("/api/v1/responder"));
const readWayIn = (id: string) => 
  answered(api.POST("/api/v1/dispatches/{dispatch_id}/way-in", { params: { path: { dispatch_id: id } } }));

export type Dispatches = Awaited<ReturnType<typeof readDispatches>>;
export type Dispatch = Dispatches["items"][number];
export type Me = Awaited<ReturnType<typeof readMe>>;
export type WayIn = Awaited<ReturnType<typeof readWayIn>>;

export const OUTCOMES = [
  "help_given",
  "real_emergency",
  "needs_help",
  "false_alarm",
  "technical",
  "other",
] as const;
export type Outcome = (typeof OUTCOMES)[number];

const LIVE_EVERY_MS = 30_000;
const ALONE_EVERY_MS = 10_000;

function at(id: string): { path: { dispatch_id: string }; header: { "Idempotency-Key": string } } {
  return { path: { dispatch_id: id }, header: { "Idempotency-Key": freshKey() } };
}

/** Reads the running dispatches; the feed goes on from the answer's position. */
export async function readSnapshot(): Promise<number> {
  const found = await readDispatches();
  queries.setQueryData<Dispatches>(["dispatches"], found);
  return found.seq;
}

export function readAnew(): Promise<void> {
  return queries.invalidateQueries({ queryKey: ["dispatches"] });
}

export function useDispatches(): UseQueryResult<Dispatches> {
  const live = useDesk((state) => state.link === "live");
  const refetchInterval = live ? LIVE_EVERY_MS : ALONE_EVERY_MS;
  return useQuery({ queryKey: ["dispatches"], queryFn: readDispatches, refetchInterval });
}

/** The latest that have ended. */
export function useEnded(): UseQueryResult<Dispatches> {
  const select = (found: Dispatches): Dispatches => ({ ...found, items: found.items.filter((one) => one.ended_at !== null) });
  return useQuery({ queryKey: ["dispatches", "ended"], queryFn: readEnded, select });
}

const NEAREST_FIRST = ["arrived", "accepted", "offered", "no_answer"];

/** What is in hand comes before what is asked, and that before what was not answered in time. */
export function firstOf(items: readonly Dispatch[]): Dispatch | undefined {
  return NEAREST_FIRST.map((state) => items.find((one) => one.state === state)).find((found) => found !== undefined);
}

/** Oneself as the desk knows one; null where one was not entered as a responder yet. */
export function useMe(): UseQueryResult<Me | null> {
  return useQuery({
    queryKey: ["responder"],
    queryFn: async () => {
      try {
        return await readMe();
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
  });
}

/** What went wrong, in words; "" when it went well. Done when the list is read anew: a second tap finds what the first one made. */
async function said(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "";
  } catch (error) {
    const problem = error instanceof ApiError ? error.problem : null;
    return problem === null ? textNow("phone.not_sent") : inLanguage(problem.detail_zh, problem.detail);
  } finally {
    await readAnew();
  }
}

export const accept = (id: string): Promise<string> =>
  said(answered(api.POST("/api/v1/dispatches/{dispatch_id}/accept", { params: at(id), body: {} })));

export const refuse = (id: string, reason: string): Promise<string> =>
  said(answered(api.POST("/api/v1/dispatches/{dispatch_id}/refuse", { params: at(id), body: { reason } })));

export const tellEta = (id: string, minutes: number): Promise<string> =>
  said(answered(api.POST("/api/v1/dispatches/{dispatch_id}/eta", { params: at(id), body: { eta_minutes: minutes } })));

export const arrive = (id: string): Promise<string> =>
  said(answered(api.POST("/api/v1/dispatches/{dispatch_id}/arrive", { params: at(id) })));

export const finish = (id: string, outcome: Outcome, note: string): Promise<string> => {
  const body = note === "" ? { outcome } : { outcome, note };
  return said(answered(api.POST("/api/v1/dispatches/{dispatch_id}/finish", { params: at(id), body })));
};

export const lookAtWayIn = readWayIn;

/** Sends a picture as the body itself. */
export const sendPhoto = (id: string, picture: Blob): Promise<string> =>
  said(
    answered(
      api.POST("/api/v1/dispatches/{dispatch_id}/photos", {
        params: at(id),
        // The description calls bytes a string.
        body: picture as unknown as string,
        bodySerializer: () => picture,
        headers: { "Content-Type": picture.type },
      }),
    ),
  );

export async function setAvailable(available: boolean): Promise<void> {
  const me = await answered(api.POST("/api/v1/responder/availability", { body: { available } }));
  queries.setQueryData<Me | null>(["responder"], me);
}

export const tellPosition = (lat: number, lon: number): Promise<unknown> =>
  answered(api.POST("/api/v1/responder/position", { body: { lat, lon } }));
