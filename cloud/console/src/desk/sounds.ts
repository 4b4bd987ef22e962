/** The seat's one loudspeaker and one bell, moved by the second's tick and by changes of the queue. */
import type { CaseSummary } from "../api/client";
import { handedTo } from "../queue/order";
import { phaseOf } from "../queue/phase";
import { Bell, type Ringing } from "../sound/bell";
import { Player } from "../sound/player";
import { LINK_LOST_EVERY_S, patternOf } from "../sound/pulses";
import { useDesk } from "./state";

const bell = new Bell();
const player = new Player((armed) => useDesk.setState({ armed }));
let linkToneDueAt = 0;

/** From the sign-in click or the sound button: arms and plays the test tone. */
export async function armSound(): Promise<void> {
  if (await player.arm()) player.testTone();
}

/** From any first gesture after a reload: arms without a tone. */
export async function armQuietly(): Promise<void> {
  if (!player.armed) await player.arm();
}

/** What rings: every waiting case, and a case of one's own with a ring not yet reacted to. */
export function ringingCases(
  live: Iterable<CaseSummary>,
  userId: string,
  seen: ReadonlyMap<string, number>,
): Ringing[] {
  const found: Ringing[] = [];
  for (const item of live) {
    const unseen = item.owner?.id === userId && item.rings > (seen.get(item.id) ?? item.rings);
    const phase = phaseOf(item);
    const named = handedTo(item);
    const aside = item.group_id !== null || item.shelved_until !== null || (named !== null && named !== userId);
    if ((phase === "waiting" && !aside) || (phase === "held" && unseen)) {
      found.push({ id: item.id, priority: item.class === "test" ? 4 : item.priority, rings: item.rings });
    }
  }
  return found;
}

export function ring(waiting: readonly Ringing[]): void {
  bell.update(waiting, performance.now());
  if (bell.ringing === null) player.stop();
  sound();
}

export function muteSound(): void {
  bell.mute(performance.now());
  player.stop();
  sound();
}

/** Ends every sound, at sign-out. */
export function silence(): void {
  bell.update([], performance.now());
  player.stop();
  sound();
}

/** Starts what is due; called once a second and at every change. */
export function sound(): void {
  const now = performance.now();
  const priority = bell.due(now);
  const pattern = priority === null ? null : patternOf(priority);
  if (pattern !== null) player.play(pattern);
  else if (useDesk.getState().link === "stale") warnOfLink(now);
  useDesk.setState({ mutedMs: bell.mutedMs(now), ringing: bell.ringing });
}

/** A desk that nobody is signed in at any more hears nothing: it says so by the tone of a lost line. */
export function warnOfSignOut(): () => void {
  player.linkLost();
  const timer = setInterval(() => player.linkLost(), LINK_LOST_EVERY_S * 1000);
  return () => clearInterval(timer);
}

function warnOfLink(now: number): void {
  if (now < linkToneDueAt || bell.mutedMs(now) > 0) return;
  linkToneDueAt = now + LINK_LOST_EVERY_S * 1000;
  player.linkLost();
}
