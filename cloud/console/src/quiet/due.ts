/** Who is to be called back: elders of resolved cases, callers whom nobody answered. Pure. */
import type { CaseSummary, PhoneCall } from "../api/client";
import { instant } from "../time/format";

const FORGOTTEN_AFTER_MS = 24 * 3_600_000;

/** Resolved cases of people that nobody has asked about since, the longest ago first. */
export function followUpsDue(items: Iterable<CaseSummary>): CaseSummary[] {
  return [...items]
    .filter((item) => item.state === "resolved" && item.class === "care")
    .toSorted((a, b) => (instant(a.resolved_at) ?? 0) - (instant(b.resolved_at) ?? 0));
}

/** Incoming calls of a day that nobody answered, that became no case, and whose caller was not spoken to since. */
export function missedCalls(calls: readonly PhoneCall[], nowMs: number): PhoneCall[] {
  const spoken = new Set<string>();
  const missed: PhoneCall[] = [];
  for (const call of calls) {
    const { other_number: number } = call;
    if (call.connected_at !== null) spoken.add(number);
    if (call.direction !== "incoming" || call.state !== "no_answer" || call.case_id !== null) continue;
    if (number === "" || spoken.has(number) || missed.some((one) => one.other_number === number)) continue;
    if (nowMs - (instant(call.begun_at) ?? 0) < FORGOTTEN_AFTER_MS) missed.push(call);
  }
  return missed.toReversed();
}
