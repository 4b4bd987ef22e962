/** Commands as the operator gives them: each answer goes into the lists, each failure is said in words. */
import { ApiError, type CaseSummary, type Disposition } from "../api/client";
import { closeCase, resolveCase, shelveCase, step, tellSupervisors } from "../api/commands";
import { takeCase } from "../api/queries";
import { phaseOf } from "../queue/phase";
import { inLanguage, textNow } from "../texts/texts";
import { markSeen, openCase, tell, useDesk } from "./state";

/** What a refused command means, in the operator's language. */
export function explain(error: unknown): string {
  if (!(error instanceof ApiError) || error.status === 0) return textNow("notice.lost_answer");
  const { problem } = error;
  if (error.status >= 500) return textNow("notice.server_error", { status: error.status });
  if (problem === null) return textNow("notice.failed", { detail: `HTTP ${error.status}` });
  if (error.status === 409 && problem.state === "handed_over") return textNow("notice.handed", { name: problem.owner_name ?? "" });
  if (error.status === 409 && problem.owner_name) return textNow("notice.taken", { name: problem.owner_name });
  return textNow("notice.failed", { detail: inLanguage(problem.detail_zh, problem.detail) });
}

/** Runs a command; true when it was done. */
export async function attempt(command: () => Promise<CaseSummary>): Promise<CaseSummary | null> {
  try {
    const item = await command();
    takeCase(item);
    return item;
  } catch (error) {
    tell(explain(error));
    return null;
  }
}

function awaitClaim(id: string, awaited: boolean): void {
  const claiming = new Set(useDesk.getState().claiming);
  if (awaited) claiming.add(id);
  else claiming.delete(id);
  useDesk.setState({ claiming });
}

/** Claims on the server, never optimistically; the case opens when it is ours. */
export async function claim(id: string): Promise<void> {
  const { link, claiming } = useDesk.getState();
  if (link === "stale" || claiming.has(id)) return;
  awaitClaim(id, true);
  const item = await attempt(() => step(id, "claim"));
  awaitClaim(id, false);
  if (item === null) return;
  markSeen(item.id, item.rings);
  openCase(item.id);
}

/** F2: one press, one case; a second press waits for the first answer. */
export async function claimTop(id: string): Promise<void> {
  if (useDesk.getState().claiming.size === 0) await claim(id);
}

export async function release(id: string): Promise<void> {
  if ((await attempt(() => step(id, "release"))) !== null) openCase(null);
}

/** The end of the emergency as it is seen here: what has rung since is looked at first. */
export async function resolve(item: CaseSummary): Promise<boolean> {
  return (await attempt(() => resolveCase(item.id, item.rings))) !== null;
}

/** Keeps a claimed case; says nothing when it fails, the clock on the screen shows it. */
export async function renew(id: string): Promise<void> {
  try {
    takeCase(await step(id, "renew"));
  } catch {
    // The stage limit stays where it was and is shown.
  }
}

/** Closes, and first resolves what is not resolved yet; true when closed. */
export async function finish(item: CaseSummary, disposition: Disposition, note: string): Promise<boolean> {
  if (phaseOf(item) === "held" && !(await resolve(item))) return false;
  if ((await attempt(() => closeCase(item.id, disposition, note))) === null) return false;
  openCase(null);
  return true;
}

/** Tells the supervisors; the button shows when. */
export async function report(id: string, note: string): Promise<boolean> {
  if ((await attempt(() => tellSupervisors(id, note))) === null) return false;
  const { reported, nowMs } = useDesk.getState();
  useDesk.setState({ reported: new Map(reported).set(id, nowMs ?? 0) });
  return true;
}

/** Sets a technical case aside; one's own goes back to the queue first. */
export async function shelve(item: CaseSummary, minutes: number, reason: string): Promise<boolean> {
  if (phaseOf(item) === "held" && (await attempt(() => step(item.id, "release"))) === null) return false;
  return (await attempt(() => shelveCase(item.id, minutes, reason))) !== null;
}
