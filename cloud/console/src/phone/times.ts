/** Times as a family reads them: hours and minutes, with the day where it is not today's. Pure. */
import { dateAndTime, instant, timeOfDay } from "../time/format";

/** "10:41" */
export function clockOf(iso: string, zone: string): string {
  const at = instant(iso);
  return at === null ? "—" : timeOfDay(at, zone).slice(0, 5);
}

/** "10:41" today, "11/20 10:41" on another day. */
export function whenOf(iso: string, nowMs: number, zone: string): string {
  const at = instant(iso);
  if (at === null) return "—";
  const told = dateAndTime(at, zone).slice(0, 11);
  return told.slice(0, 5) === dateAndTime(nowMs, zone).slice(0, 5) ? told.slice(6) : told;
}

/** Whole minutes from now on, never less than 1; null once it is past. */
export function minutesTo(iso: string, nowMs: number): number | null {
  const at = instant(iso);
  if (at === null || at <= nowMs) return null;
  return Math.max(1, Math.ceil((at - nowMs) / 60_000));
}
