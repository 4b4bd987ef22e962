import { expect, test } from "vitest";

import { beside, collide, labelOf, placeLabels, pointsToFit, widthOf, type Going, type Scene } from "./scene";

const HOME = { lat: 37.38, lon: 118.01 };
const BAND = { lat: 37.39, lon: 118.02 };

function going(id: string, minutes: number | null, free = true): Going {
  return { id, name: id, at: { lat: 37, lon: Number(id) }, minutes, free };
}

function scene(responders: Going[]): Scene {
  return { home: { at: HOME, label: "" }, fence: null, fix: { at: BAND, accuracyM: 25 }, responders };
}

test("the view is fitted to home, wristband and the three who are there soonest", () => {
  const found = pointsToFit(scene([going("4", 9), going("1", 5), going("5", null), going("2", 3), going("3", 7)]));
  expect(found).toEqual([HOME, BAND, { lat: 37, lon: 2 }, { lat: 37, lon: 1 }, { lat: 37, lon: 3 }]);
});

test("of two equally near the free one comes first", () => {
  const found = pointsToFit(scene([going("1", 5, false), going("2", 5), going("3", 4), going("4", 5)]));
  expect(found.slice(2).map((at) => at.lon)).toEqual([3, 2, 4]);
});

test("nothing known is nothing to fit", () => {
  expect(pointsToFit({ home: null, fence: null, fix: null, responders: [] })).toEqual([]);
});

test("a responder is named with the minutes, or a dash", () => {
  expect(labelOf(going("1", 3))).toBe("1 3′");
  expect(labelOf(going("1", null))).toBe("1 —");
});

const VIEW = { width: 400, height: 300 };
const MARK = { left: 90, top: 90, width: 20, height: 20 };

function label(x: number, y: number): { x: number; y: number; width: number; height: number; offsets: [number, number][] } {
  return { x, y, width: 60, height: 20, offsets: [[0, 0]] };
}

test("a label that collides with a mark is dropped, and so is one on a label before it", () => {
  const placed = placeLabels([label(100, 100), label(200, 100), label(230, 105), label(300, 100)], [MARK], VIEW);
  expect(placed.map((box) => box !== null)).toEqual([false, true, false, true]);
});

test("a label goes to the next free side of its mark", () => {
  const wanted = { ...label(100, 100), offsets: beside(60, 20, 20) };
  const [first, second, third, fourth, fifth] = placeLabels([wanted, wanted, wanted, wanted, wanted], [MARK], VIEW);
  expect([first, second, third, fourth].every((box) => box !== null && box !== undefined && !collide(box, MARK))).toBe(true);
  expect(first?.top).toBeLessThan(90);
  expect(second?.top).toBeGreaterThan(100);
  expect(fifth).toBeNull();
});

test("a label is never cut off by the edge of the map", () => {
  const wanted = { ...label(20, 10), offsets: beside(60, 20, 12) };
  expect(placeLabels([wanted], [], VIEW)[0]?.left).toBeGreaterThan(0);
  expect(placeLabels([label(390, 100)], [], VIEW)).toEqual([null]);
});

test("Chinese characters are as wide as they are high", () => {
  expect(widthOf("桂花苑", 12)).toBe(36);
  expect(widthOf("3′", 10)).toBeCloseTo(11.6);
});
