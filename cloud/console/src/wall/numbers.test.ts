import { expect, test } from "vitest";

import { figureText, isOld, since } from "./numbers";

test("figures are written in their unit, and nothing is never zero", () => {
  expect(figureText(96.24, "%")).toBe("96.2%");
  expect(figureText(11.3, "s")).toBe("11 s");
  expect(figureText(0.43, "s")).toBe("0.4 s");
  expect(figureText(520, "s")).toBe("08:40");
  expect(figureText(2316, "")).toBe("2,316");
  expect(figureText(0.75, "/h")).toBe("0.8");
  expect(figureText(null, "%")).toBeNull();
});

test("a wait is never negative and unknown without a clock", () => {
  expect(since(1000, 5000)).toBe(4000);
  expect(since(5000, 1000)).toBe(0);
  expect(since(null, 1000)).toBeNull();
  expect(since(1000, null)).toBeNull();
});

test("what was read too long ago is old; what was never read is not known", () => {
  expect(isOld(0, 46_000, 45_000)).toBe(true);
  expect(isOld(0, 44_000, 45_000)).toBe(false);
  expect(isOld(null, 99_000, 45_000)).toBe(false);
});
