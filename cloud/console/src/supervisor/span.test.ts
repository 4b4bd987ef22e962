import { expect, test } from "vitest";

import { fromLocalInput, localInput, offsetMinutes, spanOf } from "./span";

const ZONE = "Asia/Shanghai";
const NOW = Date.parse("2026-01-01T17:30:00.000Z"); // 01:30 on the 2nd there

test("the zone is eight hours ahead", () => {
  expect(offsetMinutes(ZONE, NOW)).toBe(480);
  expect(offsetMinutes("UTC", NOW)).toBe(0);
});

test("periods are whole days of the zone, up to now", () => {
  expect(spanOf("today", NOW, ZONE)).toEqual({ from: "2026-01-01T16:00:00.000Z", to: "2026-01-01T17:30:00.000Z" });
  expect(spanOf("yesterday", NOW, ZONE)).toEqual({ from: "2025-12-31T16:00:00.000Z", to: "2026-01-01T16:00:00.000Z" });
  expect(spanOf("week", NOW, ZONE).from).toBe("2025-12-26T16:00:00.000Z");
});

test("a date field is read and written in the zone", () => {
  expect(localInput(NOW, ZONE)).toBe("2026-01-02T01:30");
  expect(fromLocalInput("2026-01-02T01:30", ZONE)).toBe("2026-01-01T17:30:00.000Z");
  expect(fromLocalInput("", ZONE)).toBeNull();
});
