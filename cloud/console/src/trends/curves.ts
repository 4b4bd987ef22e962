/** From the API's curves to what is drawn: stretches that are known, gaps with their reason, the part outside of the band. Pure. */
import type { Curve, Trends } from "../api/client";
import { instant } from "../time/format";

export interface Span {
  sinceMs: number;
  untilMs: number;
}

export type Reason = Curve["gaps"][number]["reason"] | "no_device";

export interface Gap extends Span {
  reason: Reason;
}

export interface Point {
  atMs: number;
  value: number;
  low: number;
  high: number;
}

/** One device's values of one kind. */
export interface Line {
  device: string;
  family: string;
  points: Point[];
  gaps: Gap[];
}

export interface Band {
  low: number | null;
  high: number | null;
}

/** A part of a line without a gap: each value holds until the next, the last one until `untilMs`. */
export interface Stretch {
  points: Point[];
  untilMs: number;
}

const at = (iso: string): number => instant(iso) ?? 0;

export function windowOf(trends: Trends): Span {
  return { sinceMs: at(trends.since), untilMs: at(trends.until) };
}

export function linesOf(trends: Trends, kind: string): Line[] {
  return trends.curves
    .filter((curve) => curve.kind === kind)
    .map(({ device, family, points, gaps }) => ({
      device,
      family,
      points: points.map(({ at: iso, value, low, high }) => ({ atMs: at(iso), value, low, high })),
      gaps: gaps.map(({ since, until, reason }) => ({ sinceMs: at(since), untilMs: at(until), reason })),
    }));
}

/** Cuts a line at its gaps and at the window's edges. A lone value between two gaps stays, as a short stretch. */
export function stretchesOf(line: Line, window: Span): Stretch[] {
  const found: Stretch[] = [];
  for (const point of line.points) {
    const ends = line.gaps.filter((gap) => gap.sinceMs >= point.atMs).map((gap) => gap.sinceMs);
    const untilMs = Math.min(window.untilMs, ...ends);
    const last = found.at(-1);
    if (last !== undefined && last.untilMs === untilMs) last.points.push(point);
    else found.push({ points: [point], untilMs });
  }
  return found.filter((stretch) => stretch.untilMs > window.sinceMs || (stretch.points.at(-1)?.atMs ?? 0) >= window.sinceMs);
}

function overlap(one: Gap, two: Gap): Gap[] {
  const sinceMs = Math.max(one.sinceMs, two.sinceMs);
  const untilMs = Math.min(one.untilMs, two.untilMs);
  if (sinceMs >= untilMs) return [];
  return [{ sinceMs, untilMs, reason: SPEAKS.indexOf(one.reason) <= SPEAKS.indexOf(two.reason) ? one.reason : two.reason }];
}

/** Of two reasons the one that says more about the person or what to do. */
const SPEAKS: readonly Reason[] = ["out_of_bed", "not_worn", "charging", "offline", "no_value", "not_installed", "no_device"];

/** Where no line has data; everywhere, when no device measures the kind. */
export function commonGaps(lines: readonly Line[], window: Span): Gap[] {
  const [first, ...rest] = lines;
  if (first === undefined) return [{ ...window, reason: "no_device" }];
  return rest.reduce<Gap[]>(
    (common, line) => common.flatMap((gap) => line.gaps.flatMap((other) => overlap(gap, other))),
    first.gaps,
  );
}

/** Least and greatest value that was measured within the window or speaks into it; null when none was. */
export function extremesOf(lines: readonly Line[]): { low: number; high: number } | null {
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) return null;
  return { low: Math.min(...points.map((point) => point.low)), high: Math.max(...points.map((point) => point.high)) };
}

/** What a kind's axis shows at least: a flat line must not look like a storm. */
const AT_LEAST: Readonly<Record<string, readonly [number, number]>> = {
  heart_rate: [40, 120],
  resp_rate: [8, 28],
  spo2: [88, 100],
  body_temperature: [35, 39],
  systolic: [90, 170],
  diastolic: [50, 110],
  restlessness: [0, 20],
};

/** Both edges of the axis: what is usual, the band and every peak, with a little air. */
export function axisOf(kind: string, lines: readonly Line[], band: Band | null): [number, number] {
  const [low, high] = AT_LEAST[kind] ?? [0, 1];
  const found = extremesOf(lines);
  const lows = [low, found?.low, band?.low].filter((value) => typeof value === "number");
  const highs = [high, found?.high, band?.high].filter((value) => typeof value === "number");
  const least = Math.min(...lows);
  const most = Math.max(...highs);
  const air = (most - least) * 0.06;
  return [least - air, kind === "spo2" ? Math.max(most, 100) + air / 2 : most + air];
}

/** The personal normal range, as the rules read it (`bands`) or plainly by kind; null when none is set. */
export function bandOf(limits: Readonly<Record<string, unknown>>, kind: string): Band | null {
  const bands = typeof limits["bands"] === "object" && limits["bands"] !== null ? limits["bands"] : {};
  const given = (bands as Readonly<Record<string, unknown>>)[kind] ?? limits[kind];
  if (typeof given !== "object" || given === null) return null;
  const { low, high } = given as Record<string, unknown>;
  const band = { low: typeof low === "number" ? low : null, high: typeof high === "number" ? high : null };
  return band.low === null && band.high === null ? null : band;
}

export interface BedSpan extends Span {
  inBed: boolean;
}

export function bedSpansOf(trends: Trends): BedSpan[] {
  return trends.bed.map((span) => ({ sinceMs: at(span.since), untilMs: at(span.until), inBed: span.in_bed }));
}

/** The state that lasts at the window's end; null when it is not known then. */
export function bedNow(spans: readonly BedSpan[], window: Span): BedSpan | null {
  const last = spans.at(-1);
  return last !== undefined && last.untilMs >= window.untilMs ? last : null;
}
