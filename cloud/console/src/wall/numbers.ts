/** How figures are written on the wall and on the supervisor's pages. Pure. */
import { span } from "../time/format";

export type Unit = "s" | "%" | "/h" | "";

/** "96.2%", "11 s", "08:40", "0.8"; null where there is nothing to count. */
export function figureText(value: number | null, unit: Unit): string | null {
  if (value === null) return null;
  const rounded = Math.round(value * 10) / 10;
  if (unit === "%") return `${rounded}%`;
  if (unit !== "s") return rounded.toLocaleString("en-US");
  return value >= 60 ? span(value * 1000) : `${value < 10 ? rounded : Math.round(value)} s`;
}

/** Milliseconds since a server time; null before the first contact or where there is none. */
export function since(atMs: number | null, nowMs: number | null): number | null {
  return atMs === null || nowMs === null ? null : Math.max(0, nowMs - atMs);
}

/** Whether what was read last is too old to be shown as the present. */
export function isOld(readAtMs: number | null, nowMs: number, limitMs: number): boolean {
  return readAtMs !== null && nowMs - readAtMs > limitMs;
}
