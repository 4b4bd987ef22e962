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

/** A stage of the one limit that all have, unless a call holds it; the others are given time by who goes there. */
export function isBrief({ state }: CaseSummary): boolean {
  return state === "claimed" || state === "contacting";
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
  const claimed = instant(item.claimed_at) ?? opened;
  return { from: isBrief(item) ? Math.max(claimed, due - limits.claimed_s * 1000) : claimed, due };
}

function raisedAt(item: CaseSummary): number {
  return instant(item.opened_at) ?? 0;
}

function compare(limits: ClaimLimits): (a: CaseSummary, b: CaseSummary) => number {
  const due = (item: CaseSummary): number => stageOf(item, limits)?.due ?? Number.MAX_SAFE_INTEGER;
  return (a, b) =>
    a.priority - b.priority || due(a) - due(b) || raisedAt(a) - raisedAt(b) || (a.id < b.id ? -1 : Number(a.id > b.id));
}

/** Named to somebody, who has 30 s to accept it. */
export function handedTo(item: CaseSummary): string | null {
  return item.state === "handed_over" ? (item.handed_to?.id ?? null) : null;
}

/** Whether the server would give it: what waits; a P1 even while it waits for the one it was handed to by name. */
export function claimable(item: CaseSummary, userId: string): boolean {
  const named = handedTo(item);
  return phaseOf(item) === "waiting" && (named === null || named === userId || item.priority === 1);
}

/** Sorts live cases into 待接警, 我在处理, 他人处理: priority, time left, raised time, id. */
export function groupCases(items: readonly CaseSummary[], userId: string, limits: ClaimLimits): Groups {
  const groups: Groups = { waiting: [], mine: [], others: [] };
  for (const item of items) {
    const phase = phaseOf(item);
    if (phase === "over" || item.group_id !== null || item.shelved_until !== null) continue;
    const named = handedTo(item);
    if (phase === "waiting" && (named === null || named === userId)) groups.waiting.push(item);
    else if (item.owner?.id === userId) groups.mine.push(item);
    else groups.others.push(item);
  }
  const order = compare(limits);
  groups.waiting.sort(order);
  groups.mine.sort(order);
  groups.others.sort(order);
  return groups;
}

/** Rows that one line stands for: lower levels, or urgent alarms of one estate and kind. */
export interface Fold {
  key: string;
  /** The estate; "" for the line of levels 3 and 4. */
  estate: string;
  items: CaseSummary[];
}

const ESTATE_FROM = 3;
// What may be a fall, and what a voice has asked for, is never folded.
const NEVER_FOLDED: ReadonlySet<string> = new Set(["fall_suspected", "fall", "needs_help", "no_answer", "phone_call"]);

function estateOf(item: CaseSummary): string {
  const estate = item.place?.compound ?? "";
  const alone = item.priority !== 2 || item.children > 0 || item.handed_to !== null;
  return alone || estate === "" || item.kinds.some((kind) => NEVER_FOLDED.has(kind)) ? "" : estate;
}

/** More than eight waiting: levels 3 and 4 fold into one line, and three or more of level 2 and one kind in one estate. */
export function foldWaiting(waiting: readonly CaseSummary[]): { shown: CaseSummary[]; folds: Fold[] } {
  if (waiting.length <= FOLD_ABOVE) return { shown: [...waiting], folds: [] };
  const folds = new Map<string, Fold>();
  const put = (key: string, estate: string, item: CaseSummary): void => {
    const fold = folds.get(key) ?? { key, estate, items: [] };
    fold.items.push(item);
    folds.set(key, fold);
  };
  for (const item of waiting) {
    const estate = estateOf(item);
    if (item.priority >= 3) put("low", "", item);
    else if (estate !== "") put(`${estate}/${item.kinds.join()}`, estate, item);
  }
  const kept = [...folds.values()].filter((fold) => fold.items.length >= (fold.estate === "" ? 2 : ESTATE_FROM));
  const folded = new Set(kept.flatMap((fold) => fold.items));
  return { shown: waiting.filter((item) => !folded.has(item)), folds: kept };
}
