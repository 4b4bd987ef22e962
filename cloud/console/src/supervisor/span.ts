/** Spans of local days in the deployment's zone, which has no summer time. Pure. */

export type Period = "today" | "yesterday" | "week" | "month";
export const PERIODS: readonly Period[] = ["today", "yesterday", "week", "month"];

const DAY_MS = 86_400_000;
const DAYS_BACK: Readonly<Record<Period, number>> = { today: 0, yesterday: 1, week: 6, month: 29 };

/** Minutes that the zone is ahead of UTC at a moment. */
export function offsetMinutes(zone: string, atMs: number): number {
  const parts = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" }).formatToParts(atMs);
  const name = parts.find((part) => part.type === "timeZoneName")?.value ?? "";
  const found = /GMT([+-])(\d{2}):(\d{2})/.exec(name);
  if (found === null) return 0;
  return (found[1] === "-" ? -1 : 1) * (Number(found[2]) * 60 + Number(found[3]));
}

/** From when to when a period goes; it ends now, yesterday at midnight. */
export function spanOf(period: Period, nowMs: number, zone: string): { from: string; to: string } {
  const shift = offsetMinutes(zone, nowMs) * 60_000;
  const midnight = Math.floor((nowMs + shift) / DAY_MS) * DAY_MS - shift;
  const from = midnight - DAYS_BACK[period] * DAY_MS;
  const to = period === "yesterday" ? midnight : Math.max(nowMs, midnight + 1000);
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}

/** What a `datetime-local` field holds for a moment in the zone: "2026-01-01T10:10". */
export function localInput(atMs: number, zone: string): string {
  return new Date(atMs + offsetMinutes(zone, atMs) * 60_000).toISOString().slice(0, 16);
}

/** The moment of a `datetime-local` field in the zone; null where it is empty or no time. */
export function fromLocalInput(text: string, zone: string): string | null {
  const asUtc = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(text) ? Date.parse(`${text}:00Z`) : Number.NaN;
  if (Number.isNaN(asUtc)) return null;
  return new Date(asUtc - offsetMinutes(zone, asUtc) * 60_000).toISOString();
}
