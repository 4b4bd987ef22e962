import { expect, test } from "vitest";

import type { Trends } from "../api/client";
import { axisOf, bandOf, bedNow, bedSpansOf, commonGaps, extremesOf, linesOf, stretchesOf, windowOf, type Line } from "./curves";

const NOW = Date.parse("2026-01-01T10:00:00.000Z");
const MINUTE = 60_000;
const WINDOW = { sinceMs: NOW - 30 * MINUTE, untilMs: NOW };
const iso = (minutesAgo: number): string => new Date(NOW - minutesAgo * MINUTE).toISOString();
const ago = (minutes: number): number => NOW - minutes * MINUTE;

const point = (minutes: number, value: number, low = value, high = value) => ({
  at: iso(minutes),
  last: iso(minutes),
  value,
  low,
  high,
  quality: null,
  count: 1,
});

function trends(...curves: Partial<Trends["curves"][number]>[]): Trends {
  const base = { kind: "heart_rate", unit: "beat/min", device: "watch-1", family: "watch", points: [], gaps: [] };
  return {
    subject: "resident",
    subject_id: "r",
    since: iso(30),
    until: iso(0),
    bucket_s: 6,
    curves: curves.map((curve) => Object.assign({}, base, curve)),
    bed: [],
  };
}

function line(...curves: Partial<Trends["curves"][number]>[]): Line {
  const [first] = linesOf(trends(...curves), "heart_rate");
  if (first === undefined) throw new Error("no line");
  return first;
}

test("a value holds until the next one, and the last one until the window ends", () => {
  const known = line({ points: [point(35, 70), point(20, 74)] });
  expect(stretchesOf(known, WINDOW)).toEqual([{ points: known.points, untilMs: NOW }]);
});

test("a gap cuts the line, and nothing is drawn across it", () => {
  const gap = { since: iso(20), until: iso(10), reason: "out_of_bed" as const };
  const cut = stretchesOf(line({ points: [point(25, 70), point(21, 71), point(9, 75)], gaps: [gap] }), WINDOW);
  expect(cut.map((stretch) => [stretch.points.length, stretch.untilMs])).toEqual([
    [2, ago(20)],
    [1, NOW],
  ]);
});

test("a lone value before a gap stays visible, one that ended before the window does not", () => {
  const gap = { since: iso(15), until: iso(0), reason: "offline" as const };
  const lone = stretchesOf(line({ points: [point(15, 70)], gaps: [gap] }), WINDOW);
  expect(lone.map((stretch) => stretch.untilMs)).toEqual([ago(15)]);
  const old = { since: iso(40), until: iso(0), reason: "offline" as const };
  expect(stretchesOf(line({ points: [point(45, 70)], gaps: [old] }), WINDOW)).toEqual([]);
});

test("two devices: there is a gap only where neither measures, and it says the more telling reason", () => {
  const watch = { gaps: [{ since: iso(30), until: iso(10), reason: "offline" as const }] };
  const mat = { device: "mat-1", gaps: [{ since: iso(20), until: iso(0), reason: "out_of_bed" as const }] };
  expect(commonGaps(linesOf(trends(watch, mat), "heart_rate"), WINDOW)).toEqual([
    { sinceMs: ago(20), untilMs: ago(10), reason: "out_of_bed" },
  ]);
});

test("no device is no data, everywhere", () => {
  expect(commonGaps([], WINDOW)).toEqual([{ ...WINDOW, reason: "no_device" }]);
  expect(extremesOf([])).toBeNull();
});

test("the axis holds every peak and the whole band, and a flat line does not fill it", () => {
  const [low, high] = axisOf("heart_rate", [line({ points: [point(5, 80, 35, 190)] })], { low: 50, high: 95 });
  expect(low).toBeLessThan(35);
  expect(high).toBeGreaterThan(190);
  const [least, most] = axisOf("spo2", [line({ points: [point(5, 97)] })], null);
  expect(most).toBeLessThan(102);
  expect(most - least).toBeGreaterThan(10);
});

test("a band is read as the rules read it, or plainly; half a band is one, none is null", () => {
  expect(bandOf({ bands: { heart_rate: { low: 50, high: 105 } } }, "heart_rate")).toEqual({ low: 50, high: 105 });
  expect(bandOf({ spo2: { low: 94, high: 100 } }, "spo2")).toEqual({ low: 94, high: 100 });
  expect(bandOf({ bands: { spo2: { low: 88 } } }, "spo2")).toEqual({ low: 88, high: null });
  expect(bandOf({ bands: { spo2: { urgent_low: 80 } } }, "spo2")).toBeNull();
  expect(bandOf({ bands: "none", spo2: 94 }, "spo2")).toBeNull();
});

test("the bed's present state is known only when it reaches the window's end", () => {
  const told = { ...trends(), bed: [{ since: iso(90), until: iso(12), in_bed: true, device: "mat-1" }] };
  expect(bedNow(bedSpansOf(told), windowOf(told))).toBeNull();
  told.bed.push({ since: iso(12), until: iso(0), in_bed: false, device: "mat-1" });
  expect(bedNow(bedSpansOf(told), windowOf(told))).toMatchObject({ inBed: false, sinceMs: ago(12) });
});
