/** The queue's groups and their total order. Pure: what the operator sees never depends on when a message arrived. */
import type { CaseSummary } from "../api/client";
import { instant } from "../time/format";
import { phaseOf } from "./phase";

export interface ClaimLimits {
  p1_claim_s: number;
  p2_claim_s: number;
  p3_claim_s: number;
  claimed_s: number;
}

export interface Groups {
  waiting: CaseSummary[];
  mine: CaseSummary[];
  others: CaseSummary[];
}

export const FOLD_ABOVE = 8;

/** Milliseconds within which a waiting case of this priority is to be claimed; null for a technical one. */
export function claimLimitMs(priority: number, limits: ClaimLimits): number | null {
  switch (priority) {
    case 1:
      return limits.p1_claim_s * 1000;
    case 2:
      return limits.p2_claim_s * 1000;
    case 3:
      return limits.p3_claim_s * 1000;
    default:
      return null;
  }
}

/**
 * The span of the present stage: from when, until when (ms UTC); null where the stage has no limit.
 * A claimed case's span begins with its last renewal; a running call puts the end further away than the limit.
 */
export function stageOf(item: CaseSummary, limits: ClaimLimits): { from: number; due: number } | null {
  const opened = instant(item.opened_at) ?? 0;
  const phase = phaseOf(item);
  if (phase === "waiting") {
    const limit = claimLimitMs(item.priority, limits);
    return limit === null ? null : { from: opened, due: opened + limit };
  }
  const due = instant(item.stage_due_at);
  if (phase !== "held" || due === null) return null;
  return { from: Math.max(instant(item.claimed_at) ?? opened, due - limits.claimed_s * 1000), due };
}

function raisedAt(item: CaseSummary): number {
  return instant(item.opened_at) ?? 0;
}

function compare(limits: ClaimLimits): (a: CaseSummary, b: CaseSummary) => number {
  const due = (item: CaseSummary): number => stageOf(item, limits)?.due ?? Number.MAX_SAFE_INTEGER;
  return (a, b) =>
    a.priority - b.priority || due(a) - due(b) || raisedAt(a) - raisedAt(b) || (a.id < b.id ? -1 : Number(a.id > b.id));
}

/** Sorts live cases into 待接警, 我在处理, 他人处理: priority, time left, raised time, id. */
export function groupCases(items: readonly CaseSummary[], userId: string, limits: ClaimLimits): Groups {
  const groups: Groups = { waiting: [], mine: [], others: [] };
  for (const item of items) {
    const phase = phaseOf(item);
    if (phase === "over" || item.group_id !== null || item.shelved_until !== null) continue;
    if (phase === "waiting") groups.waiting.push(item);
    else if (item.owner?.id === userId) groups.mine.push(item);
    else groups.others.push(item);
  }
  const order = compare(limits);
  groups.waiting.sort(order);
  groups.mine.sort(order);
  groups.others.sort(order);
  return groups;
}

/** More than eight waiting: the third and fourth priority fold into one line. */
export function foldWaiting(waiting: readonly CaseSummary[]): { shown: CaseSummary[]; folded: CaseSummary[] } {
  if (waiting.length <= FOLD_ABOVE) return { shown: [...waiting], folded: [] };
  const folded = waiting.filter((item) => item.priority >= 3);
  if (folded.length < 2) return { shown: [...waiting], folded: [] };
  return { shown: waiting.filter((item) => item.priority < 3), folded };
}
