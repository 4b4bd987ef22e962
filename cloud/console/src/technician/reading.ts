/** What the technician's phone reads and says. Nothing is ticked by hand: the cloud says what is proven. */
import { useQuery, type UseQueryResult } from "@tanstack/react-query";

import { answered, api, ApiError, freshKey, type Schemas } from "../api/client";
import { queries } from "../api/queries";
import { inLanguage, textNow } from "../texts/texts";

export type Checklist = Schemas["Checklist"];
export type Step = Schemas["ChecklistStep"];
export type ChecklistHome = Schemas["ChecklistHome"];
export type ChecklistEntry = Schemas["ChecklistEntry"];

const LIVE_EVERY_MS = 1_500;

const keyOf = (id: string): string[] => ["checklist", id];

function at(id: string) {
  return { path: { checklist_id: id }, header: { "Idempotency-Key": freshKey() } };
}

/** Homes that fit a gateway, a device, a bed or an address. */
export function useHomes(text: string): UseQueryResult<ChecklistHome[]> {
  return useQuery({
    queryKey: ["checklist-homes", text],
    queryFn: async () =>
      (await answered(api.GET("/api/v1/checklists/homes", { params: { query: { search: text } } }))).items,
    enabled: text !== "",
  });
}

/** The steps; of an open checklist again and again, as devices speak. */
export function useChecklist(id: string): UseQueryResult<Checklist> {
  return useQuery({
    queryKey: keyOf(id),
    queryFn: () =>
      answered(api.GET("/api/v1/checklists/{checklist_id}", { params: { path: { checklist_id: id } } })),
    refetchInterval: (query) => ((query.state.data?.outcome ?? null) === null ? LIVE_EVERY_MS : false),
  });
}

/** What was checked in a home before. */
export function useChecklistsOf(home: string): UseQueryResult<ChecklistEntry[]> {
  return useQuery({
    queryKey: ["checklists", home],
    queryFn: async () =>
      (await answered(api.GET("/api/v1/homes/{home_id}/checklists", { params: { path: { home_id: home } } }))).items,
  });
}

/** Begins, or goes on with the one that is open; its id. */
export async function begin(home: string): Promise<string> {
  const params = { path: { home_id: home }, header: { "Idempotency-Key": freshKey() } };
  const made = await answered(api.POST("/api/v1/homes/{home_id}/checklists", { params }));
  queries.setQueryData(keyOf(made.id), made);
  return made.id;
}

export function wordsOf(error: unknown): string {
  const problem = error instanceof ApiError ? error.problem : null;
  return problem === null ? textNow("phone.not_sent") : inLanguage(problem.detail_zh, problem.detail);
}

/** Takes the answer as what is shown; in words what went wrong, "" when it went well. */
async function taken(call: Promise<Checklist>): Promise<string> {
  try {
    const made = await call;
    await queries.cancelQueries({ queryKey: keyOf(made.id) });
    queries.setQueryData(keyOf(made.id), made);
    return "";
  } catch (error) {
    return wordsOf(error);
  }
}

export const ping = (id: string): Promise<string> =>
  taken(answered(api.POST("/api/v1/checklists/{checklist_id}/ping", { params: at(id) })));

export const setTestMode = (id: string, minutes: number): Promise<string> =>
  taken(answered(api.POST("/api/v1/checklists/{checklist_id}/test-mode", { params: at(id), body: { minutes } })));

export const giveReason = (id: string, step: string, reason: string): Promise<string> =>
  taken(answered(api.POST("/api/v1/checklists/{checklist_id}/reasons", { params: at(id), body: { step, reason } })));

export const proveModem = (id: string, gateway: string, how: "sms" | "call", number: string): Promise<string> =>
  taken(
    answered(
      api.POST("/api/v1/checklists/{checklist_id}/phone-proof", { params: at(id), body: { gateway, how, number } }),
    ),
  );

export const giveCode = (id: string, gateway: string, code: string): Promise<string> =>
  taken(
    answered(api.POST("/api/v1/checklists/{checklist_id}/phone-code", { params: at(id), body: { gateway, code } })),
  );

export const finish = (id: string): Promise<string> =>
  taken(answered(api.POST("/api/v1/checklists/{checklist_id}/finish", { params: at(id) })));

/** Orders the hotline's numbers into a watch; the checklist shows what becomes of it. */
export async function writeHotline(device: string, phones: string[], simNumber: string): Promise<string> {
  const params = { path: { device_id: device }, header: { "Idempotency-Key": freshKey() } };
  try {
    await answered(api.POST("/api/v1/devices/{device_id}/hotline", { params, body: { phones, sim_number: simNumber } }));
    await queries.invalidateQueries({ queryKey: ["checklist"] });
    return "";
  } catch (error) {
    return wordsOf(error);
  }
}
