/** What a case's state means at the desk: somebody must claim it, somebody works on it, it waits to be closed, it is over. */
import type { CaseSummary } from "../api/client";

export type Phase = "waiting" | "held" | "done" | "over";

const PHASES: Readonly<Record<CaseSummary["state"], Phase>> = {
  open: "waiting",
  handed_over: "waiting",
  claimed: "held",
  contacting: "held",
  dispatched: "held",
  on_scene: "held",
  resolved: "done",
  followed_up: "done",
  closed: "over",
  merged: "over",
};

export function phaseOf(item: Pick<CaseSummary, "state">): Phase {
  return PHASES[item.state];
}
