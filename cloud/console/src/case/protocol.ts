/** The protocol of a case as the server ticks it, and what the operator does about a step. */
import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";

import { answered, api, type CaseSummary } from "../api/client";
import { UNDO_MS, type Candidate, type Dispatch } from "./sending";

const readProtocol = (id: string) =>
  answered(api.GET("/api/v1/cases/{case_id}/protocol", { params: { path: { case_id: id } } }));
export type CaseProtocol = Awaited<ReturnType<typeof readProtocol>>;
export type CaseStep = CaseProtocol["steps"][number];

/** Read again with each change of the case; meanwhile the steps stay as they were. */
export function useCaseProtocol({ id, version }: Pick<CaseSummary, "id" | "version">): UseQueryResult<CaseProtocol> {
  return useQuery({
    queryKey: ["protocol", id, version],
    queryFn: () => readProtocol(id),
    placeholderData: keepPreviousData,
  });
}

/** Ticks a step by hand; the same again changes nothing. */
export function tickStep(id: string, protocol: CaseProtocol, number: number, needed: boolean): Promise<CaseSummary> {
  const body = { key: protocol.key, version: protocol.version, step: number, needed };
  return answered(api.POST("/api/v1/cases/{case_id}/protocol/ticks", { params: { path: { case_id: id } }, body }));
}

/** Whom F9 sends: the first free one who was not asked yet. */
export function firstFree(candidates: readonly Candidate[]): Candidate | undefined {
  return candidates.find((one) => one.standing === "free" && !one.asked);
}

/** The dispatch that nobody has been called for yet, and for how many seconds it can be undone. Pure. */
export function undoable(dispatches: readonly Dispatch[], nowMs: number): { dispatch: Dispatch; leftS: number } | null {
  const dispatch = dispatches.findLast((one) => one.state === "offered");
  if (dispatch === undefined) return null;
  const leftS = Math.ceil((Date.parse(dispatch.offered_at) + UNDO_MS - nowMs) / 1000);
  return leftS > 0 ? { dispatch, leftS: Math.min(leftS, Math.ceil(UNDO_MS / 1000)) } : null;
}

export function currentStep(protocol: CaseProtocol): CaseStep | undefined {
  return protocol.steps.find((step) => step.progress === "current");
}

/** Whether the end of the case is what is to be done next. */
export function endIsNext(protocol: CaseProtocol | undefined): boolean {
  if (protocol === undefined) return false;
  const current = currentStep(protocol);
  return current === undefined || current.action === "resolve";
}
