import { expect, test } from "vitest";

import { compensate, type ScrollState } from "./anchor";

const resting: ScrollState = { scrollTop: 0, maxScroll: 0, padTop: 0, padBottom: 0 };

/** Where a row that lay at `y` of the content is seen after the state was applied. */
const seenAt = (y: number, state: ScrollState): number => y + state.padTop - state.scrollTop;

test("a row inserted above a short list scrolls it into room made at its end", () => {
  const after = compensate(resting, 74);
  expect(after.maxScroll).toBeGreaterThanOrEqual(after.scrollTop);
  expect(seenAt(100 + 74, after)).toBe(seenAt(100, resting));
});

test("room left below the rows is filled first", () => {
  const after = compensate({ ...resting, maxScroll: -500 }, 74);
  expect(after.padBottom).toBe(574);
  expect(after.maxScroll).toBe(74);
});

test("a row taken away above leaves room at the top", () => {
  const after = compensate(resting, -74);
  expect(after.scrollTop).toBe(0);
  expect(seenAt(100 - 74, after)).toBe(seenAt(100, resting));
});

test("a long list only scrolls", () => {
  const long = { ...resting, scrollTop: 200, maxScroll: 900 };
  expect(compensate(long, 74)).toEqual({ ...long, scrollTop: 274 });
});
