/** Decides when the seat rings: the highest waiting priority only, at once when something is new, silent when claimed or muted. */
import { patternOf } from "./pulses";

/** What can ring: a case and how often it has rung so far. */
export interface Ringing {
  id: string;
  priority: number;
  rings: number;
}

export const MUTE_MS = 60_000;

export class Bell {
  private heard = new Map<string, number>();
  private priority: number | null = null;
  private dueAt = 0;
  private muteUntil = 0;

  /** The new list of what waits. A new case or a new ring of at least the present priority rings now; a P1 breaks the silence. */
  update(waiting: readonly Ringing[], nowMs: number): void {
    const before = this.heard;
    this.heard = new Map(waiting.map((item) => [item.id, item.rings]));
    const audible = waiting.filter((item) => patternOf(item.priority) !== null);
    const highest = audible.length === 0 ? null : Math.min(...audible.map((item) => item.priority));
    const fresh = audible.filter((item) => item.rings > (before.get(item.id) ?? 0));
    if (fresh.some((item) => item.priority === 1)) this.muteUntil = 0;
    if (highest !== null && (highest !== this.priority || fresh.some((item) => item.priority === highest))) {
      this.dueAt = nowMs;
    }
    this.priority = highest;
  }

  /** Silences this seat's sound for 60 s, and nothing else. */
  mute(nowMs: number): void {
    this.muteUntil = nowMs + MUTE_MS;
  }

  mutedMs(nowMs: number): number {
    return Math.max(0, this.muteUntil - nowMs);
  }

  /** The priority that would sound if nothing muted it. */
  get ringing(): number | null {
    return this.priority;
  }

  /** The priority whose pattern is to be started now, or null. */
  due(nowMs: number): number | null {
    if (this.priority === null || this.mutedMs(nowMs) > 0 || nowMs < this.dueAt) return null;
    const pattern = patternOf(this.priority);
    if (pattern === null) return null;
    this.dueAt = nowMs + pattern.every * 1000;
    return this.priority;
  }
}
