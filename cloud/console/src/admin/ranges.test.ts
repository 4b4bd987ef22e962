import { expect, test } from "vitest";

import { ranges } from "./ranges";

test("row numbers become short ranges in order", () => {
  expect(ranges([])).toBe("");
  expect(ranges([9, 2, 4, 3])).toBe("2-4,9");
  expect(ranges([5, 5, 6])).toBe("5-6");
});
