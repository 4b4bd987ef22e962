import { expect, test } from "vitest";

import { freshShift, holidayMistakes, scheduleDraft, scheduleGiven, scheduleMistakes } from "./duty";

const shift = {
  weekdays: [1, 2, 3, 4, 5],
  starts: "20:00",
  ends: "08:00",
  day_kind: "any" as const,
  first_day: null,
  last_day: "2026-12-31",
  staff: ["u1"],
};
const schedule = {
  id: "s",
  version: 2,
  name: "夜班",
  role: "supervisor" as const,
  area_code: "3705",
  org_id: null,
  shifts: [shift],
  on_duty: [],
};

test("a schedule goes back as it was read", () => {
  const draft = scheduleDraft(schedule);
  expect(scheduleMistakes(draft).size).toBe(0);
  expect(scheduleGiven(draft, false).shifts).toEqual([shift]);
  expect(scheduleGiven(draft, false).version).toBe(2);
});

test("a new shift has no people yet, and that is told at its own field", () => {
  const added = freshShift();
  const draft = { ...scheduleDraft(schedule), shifts: [{ ...added, first: "2026-02-01", last: "2026-01-01", weekdays: [] }] };
  expect([...scheduleMistakes(draft).keys()]).toEqual([`weekdays:${added.key}`, `days:${added.key}`, `staff:${added.key}`]);
});

test("a holiday is a day of its year, once", () => {
  const days = [
    { key: "a", day: "2026-10-01", name: "国庆节", off: true },
    { key: "b", day: "2026-10-01", name: "国庆节", off: true },
    { key: "c", day: "2027-01-01", name: "元旦", off: true },
    { key: "d", day: "", name: "", off: false },
  ];
  expect([...holidayMistakes(days, 2026)]).toEqual(["b", "c", "d"]);
});
