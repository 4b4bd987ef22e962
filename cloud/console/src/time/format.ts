/** How times are written: 24 h, seconds, the deployment's zone; spans as mm:ss. */

const clocks = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string, withDate: boolean): Intl.DateTimeFormat {
  const key = `${zone}/${withDate}`;
  let found = clocks.get(key);
  if (found === undefined) {
    const date = withDate ? ({ month: "2-digit", day: "2-digit" } as const) : {};
    found = new Intl.DateTimeFormat("zh-CN", {
      timeZone: zone,
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
      ...date,
    });
    clocks.set(key, found);
  }
  return found;
}

/** "10:42:18" in `zone`. */
export function timeOfDay(atMs: number, zone: string): string {
  return formatter(zone, false).format(atMs);
}

/** "11/21 10:42:18" in `zone`. */
export function dateAndTime(atMs: number, zone: string): string {
  return formatter(zone, true).format(atMs).replace(",", "");
}

/** Hour 0..23 in `zone`. */
export function hourOf(atMs: number, zone: string): number {
  return Number(timeOfDay(atMs, zone).slice(0, 2));
}

/** "00:47", "12:05", "1:02:05"; a negative span is written as zero. */
export function span(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const seconds = String(total % 60).padStart(2, "0");
  const minutes = String(Math.floor(total / 60) % 60).padStart(2, "0");
  const hours = Math.floor(total / 3600);
  return hours > 0 ? `${hours}:${minutes}:${seconds}` : `${minutes}:${seconds}`;
}

/** Milliseconds UTC of an ISO time, or null. */
export function instant(iso: string | null | undefined): number | null {
  if (iso === null || iso === undefined) return null;
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? null : ms;
}

export type AgeUnit = "seconds" | "minutes" | "hours" | "days";

/** The age in its largest whole unit, for the words "3 秒前". */
export function age(ms: number): { count: number; unit: AgeUnit } {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return { count: seconds, unit: "seconds" };
  if (seconds < 3600) return { count: Math.floor(seconds / 60), unit: "minutes" };
  if (seconds < 86_400) return { count: Math.floor(seconds / 3600), unit: "hours" };
  return { count: Math.floor(seconds / 86_400), unit: "days" };
}

/** "139 8112 4471" for a mobile number; every other number as it was registered. */
export function phoneNumber(text: string): string {
  return /^1\d{10}$/.test(text) ? `${text.slice(0, 3)} ${text.slice(3, 7)} ${text.slice(7)}` : text;
}
