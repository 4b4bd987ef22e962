import { expect, test } from "vitest";

import { isNight } from "../look/theme";
import { age, dateAndTime, hourOf, phoneNumber, span, timeOfDay } from "./format";
import { ServerClock } from "./serverClock";

const AT = Date.parse("2026-01-01T02:10:05.000Z");

test("times are those of the deployment's zone, 24 h, with seconds", () => {
  expect(timeOfDay(AT, "Asia/Shanghai")).toBe("10:10:05");
  expect(dateAndTime(AT, "Asia/Shanghai")).toBe("01/01 10:10:05");
  expect(timeOfDay(Date.parse("2026-01-01T16:00:00Z"), "Asia/Shanghai")).toBe("00:00:00");
  expect(hourOf(Date.parse("2026-01-01T16:30:00Z"), "Asia/Shanghai")).toBe(0);
});

test("spans are mm:ss, with hours where there are any, never negative", () => {
  expect([0, 999, 47_000, 725_000, 3_725_000, -5].map(span)).toEqual(["00:00", "00:00", "00:47", "12:05", "1:02:05", "00:00"]);
});

test("an age is told in its largest whole unit", () => {
  expect(age(3000)).toEqual({ count: 3, unit: "seconds" });
  expect(age(119_000)).toEqual({ count: 1, unit: "minutes" });
  expect(age(7_200_000)).toEqual({ count: 2, unit: "hours" });
  expect(age(172_800_000)).toEqual({ count: 2, unit: "days" });
});

test("a mobile number is grouped, another is left as it is", () => {
  expect(phoneNumber("13981124471")).toBe("139 8112 4471");
  expect(phoneNumber("0543-1234567")).toBe("0543-1234567");
});

test("night goes across midnight", () => {
  expect([21, 22, 23, 0, 5, 6, 12].map((hour) => isNight(hour, [22, 6]))).toEqual([false, true, true, true, true, false, false]);
  expect([0, 1, 2].map((hour) => isNight(hour, [1, 2]))).toEqual([false, true, false]);
});

test("the least delayed message sets the clock, a jump is followed", () => {
  let monotonic = 0;
  const clock = new ServerClock(() => monotonic);
  expect(clock.now()).toBeNull();
  clock.heard(10_000);
  monotonic = 5000;
  clock.heard(14_700);
  expect(clock.now()).toBe(15_000);
  clock.heard(15_200);
  expect(clock.now()).toBe(15_200);
  clock.heard(3_600_000);
  expect(clock.now()).toBe(3_600_000);
  clock.heard(20_000);
  expect(clock.now()).toBe(20_000);
});
