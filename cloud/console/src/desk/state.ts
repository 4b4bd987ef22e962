/** What this seat's screen knows besides the server's data: the line, the clock, the sound, what is open. */
import { create } from "zustand";

import type { PhoneCallPop } from "../api/client";
import type { Link } from "../live/feed";

export type Theme = "auto" | "day" | "night";

/** A short line of feedback about a command. */
export interface Notice {
  text: string;
  untilMs: number;
}

/** A running call, marked by the operator: who is called from which case, since when, held until two minutes later. */
export interface Call {
  caseId: string;
  /** The callee's key. */
  key: string;
  /** False while it rings. */
  talking: boolean;
  sinceMs: number;
  heldMs: number;
  /** Of a call through the telephone system: its id, number and state. */
  id?: string;
  number?: string;
  state?: PhoneCallPop["state"];
}

/** What is open above the action bar of a case. */
export type CasePanel = "report" | "hand" | "shelve" | "merge" | "order" | "follow";

/** Supervisors were told of a case, by the plan or by a seat. */
export interface Escalated {
  caseId: string;
  reason: string;
  atMs: number;
}

export interface DeskState {
  link: Link;
  /** Whether the cases were read since the page began: before that nobody knows what waits. */
  listing: "reading" | "failed" | "read";
  /** Server time of the last thing heard, ms UTC; null before the first. */
  heardMs: number | null;
  /** Server time now, moved once a second; null before the first contact. */
  nowMs: number | null;
  armed: boolean;
  mutedMs: number;
  ringing: number | null;
  openCaseId: string | null;
  closing: boolean;
  panel: CasePanel | null;
  /** When this seat told the supervisors of a case, by case id. */
  reported: ReadonlyMap<string, number>;
  /** For supervisors: the newest first, each case once, until somebody has seen it. */
  escalations: readonly Escalated[];
  /** Calls that ring or run at this seat, by id. */
  phoneCalls: ReadonlyMap<string, PhoneCallPop>;
  /** The incoming call whose people are shown; null: none. */
  shownCallId: string | null;
  notice: Notice | null;
  /** For how long a command has waited for its answer, ms; 0: none does. */
  unansweredMs: number;
  /** Cases whose claim has not been answered yet. */
  claiming: ReadonlySet<string>;
  call: Call | null;
  /** Rings of the operator's own cases that he has reacted to, by case id. */
  seenRings: ReadonlyMap<string, number>;
}

const START: DeskState = {
  link: "connecting",
  listing: "reading",
  heardMs: null,
  nowMs: null,
  armed: false,
  mutedMs: 0,
  ringing: null,
  openCaseId: null,
  closing: false,
  panel: null,
  reported: new Map(),
  escalations: [],
  phoneCalls: new Map(),
  shownCallId: null,
  notice: null,
  unansweredMs: 0,
  claiming: new Set(),
  call: null,
  seenRings: new Map(),
};

export const useDesk = create<DeskState>()(() => START);

/** Whether the screen knows what waits: as of now, not yet, or not any more. */
export function useKnown(): "now" | "reading" | "unknown" {
  return useDesk(({ link, listing }) => {
    if (link === "stale" || listing === "failed") return "unknown";
    return listing === "read" ? "now" : "reading";
  });
}

export function openCase(id: string | null): void {
  useDesk.setState({ openCaseId: id, closing: false, panel: null, ...(id === null ? {} : { shownCallId: null }) });
}

/** Opens a panel of the case, or closes the one that is open. */
export function showPanel(panel: CasePanel | null): void {
  useDesk.setState({ panel: useDesk.getState().panel === panel ? null : panel });
}

export function noteEscalation(told: Escalated): void {
  const others = useDesk.getState().escalations.filter((one) => one.caseId !== told.caseId);
  useDesk.setState({ escalations: [told, ...others] });
}

export function escalationSeen(caseId: string): void {
  useDesk.setState({ escalations: useDesk.getState().escalations.filter((one) => one.caseId !== caseId) });
}

const NOTICE_MS = 8_000;

export function tell(text: string): void {
  useDesk.setState({ notice: { text, untilMs: performance.now() + NOTICE_MS } });
}

/** The operator has reacted to a case of his own as it rings now. */
export function markSeen(id: string, rings: number): void {
  const before = useDesk.getState().seenRings;
  if (before.get(id) === rings) return;
  useDesk.setState({ seenRings: new Map(before).set(id, rings) });
}

/** Back to how a page begins; the armed loudspeaker stays armed. */
export function clearDesk(): void {
  useDesk.setState({ ...START, armed: useDesk.getState().armed });
}
