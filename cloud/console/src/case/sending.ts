/** Responders of a case: who can go, who was sent, and sending them. Where the people are is read here too. */
import { useQuery, type UseQueryResult } from "@tanstack/react-query";

import { answered, api, ApiError, freshKey, type CaseDetail } from "../api/client";
import { queries, takeCase } from "../api/queries";
import { explain } from "../desk/actions";
import { tell, useDesk } from "../desk/state";
import { textNow } from "../texts/texts";
import { instant } from "../time/format";

const POSITIONS_EVERY_MS = 10_000;

const readCandidates = async (id: string) =>
  (await answered(api.GET("/api/v1/cases/{case_id}/responders", { params: { path: { case_id: id } } }))).items;
const readWhereabouts = (id: string) =>
  answered(api.GET("/api/v1/cases/{case_id}/whereabouts", { params: { path: { case_id: id } } }));

export type Candidate = Awaited<ReturnType<typeof readCandidates>>[number];
export type Whereabouts = Awaited<ReturnType<typeof readWhereabouts>>;
export type Dispatch = CaseDetail["dispatches"][number];

/** How many photographs the timeline tells of. */
export function photoCount({ timeline }: Pick<CaseDetail, "timeline">): number {
  return timeline.filter((entry) => entry.kind === "photo").length;
}

/** Who can go; read again with every change of the case, and each 10 s, as people move. */
export function useCandidates(id: string, enabled: boolean): UseQueryResult<Candidate[]> {
  return useQuery({
    queryKey: ["case", id, "responders"],
    queryFn: () => readCandidates(id),
    enabled,
    refetchInterval: POSITIONS_EVERY_MS,
  });
}

/** Home, fence and the newest position; an ended case has none any more. */
export function useWhereabouts(id: string, enabled: boolean): UseQueryResult<Whereabouts> {
  return useQuery({
    queryKey: ["case", id, "whereabouts"],
    queryFn: () => readWhereabouts(id),
    enabled,
    refetchInterval: POSITIONS_EVERY_MS,
  });
}

const RUNNING = new Set<Dispatch["state"]>(["offered", "accepted", "arrived"]);

export function isRunning(dispatch: Dispatch | undefined): boolean {
  return dispatch !== undefined && RUNNING.has(dispatch.state);
}

/** The newest dispatch of each responder; one that was undone is as if it had not been. */
export function lastOf(dispatches: readonly Dispatch[]): ReadonlyMap<string, Dispatch> {
  const told = dispatches.filter((one) => one.state !== "undone");
  return new Map(told.toSorted((a, b) => a.offered_at.localeCompare(b.offered_at)).map((one) => [one.staff_id, one]));
}

/** Whole minutes until an ETA, rounded up; negative when it has passed; null without one. */
export function minutesUntil(eta: string | null, nowMs: number): number | null {
  const at = instant(eta);
  return at === null ? null : Math.ceil((at - nowMs) / 60_000);
}

export const UNDO_MS = 4_700;

/** Runs a command about who goes to a case; what failed is said, null then. */
export async function attempt<T>(id: string, command: () => Promise<T>): Promise<T | null> {
  if (useDesk.getState().link === "stale") return null;
  try {
    return await command();
  } catch (error) {
    const lost = !(error instanceof ApiError) || error.status === 0;
    tell(lost ? textNow("dispatch.lost_answer") : explain(error));
    void queries.invalidateQueries({ queryKey: ["case", id] });
    return null;
  }
}

/** Sends somebody, or (null) the first free one; the dispatch that can be undone for 5 s, null where it was refused. */
export async function sendResponder(id: string, staffId: string | null): Promise<Dispatch | null> {
  const params = { path: { case_id: id }, header: { "Idempotency-Key": freshKey() } };
  const body = { staff_id: staffId, chain: true };
  const made = await attempt(id, () => answered(api.POST("/api/v1/cases/{case_id}/dispatches", { params, body })));
  if (made === null) return null;
  takeCase(made.case);
  tell(textNow("dispatch.sent", { name: made.dispatch.name }));
  return made.dispatch;
}

export async function undoDispatch({ id, case_id, name }: Dispatch): Promise<void> {
  const params = { path: { dispatch_id: id }, header: { "Idempotency-Key": freshKey() } };
  const item = await attempt(case_id, () => answered(api.POST("/api/v1/dispatches/{dispatch_id}/undo", { params })));
  if (item === null) return;
  takeCase(item);
  tell(textNow("dispatch.undone", { name }));
}

export async function recallDispatch({ id, case_id }: Dispatch): Promise<void> {
  const params = { path: { dispatch_id: id }, header: { "Idempotency-Key": freshKey() } };
  await attempt(case_id, () => answered(api.POST("/api/v1/dispatches/{dispatch_id}/recall", { params, body: { reason: "" } })));
  void queries.invalidateQueries({ queryKey: ["case", case_id] });
}
