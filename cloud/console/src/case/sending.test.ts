import { expect, test } from "vitest";

import { isRunning, lastOf, minutesUntil, type Dispatch } from "./sending";

function dispatch(staff: string, state: Dispatch["state"], at: string): Dispatch {
  return { id: `${staff}${at}`, staff_id: staff, state, offered_at: `2026-01-01T02:${at}:00.000Z` } as Dispatch;
}

test("the newest dispatch of each responder counts, in whatever order they come", () => {
  const found = lastOf([dispatch("a", "accepted", "12"), dispatch("a", "refused", "10"), dispatch("b", "offered", "11")]);
  expect([...found].map(([staff, one]) => [staff, one.state]).toSorted()).toEqual([
    ["a", "accepted"],
    ["b", "offered"],
  ]);
});

test("what was undone is as if it had not been", () => {
  expect(lastOf([dispatch("a", "refused", "10"), dispatch("a", "undone", "11")]).get("a")?.state).toBe("refused");
  expect(lastOf([dispatch("a", "undone", "11")]).size).toBe(0);
});

test("who was asked, goes or is there, is running; who refused is not", () => {
  const states: Dispatch["state"][] = ["offered", "accepted", "arrived", "refused", "no_answer", "recalled", "done"];
  expect(states.map((state) => isRunning(dispatch("a", state, "10")))).toEqual([true, true, true, false, false, false, false]);
  expect(isRunning(undefined)).toBe(false);
});

test("an ETA is told in whole minutes, and by how many it has passed", () => {
  const now = Date.parse("2026-01-01T02:10:00.000Z");
  expect(minutesUntil("2026-01-01T02:12:10.000Z", now)).toBe(3);
  expect(minutesUntil("2026-01-01T02:07:50.000Z", now)).toBe(-2);
  expect(minutesUntil(null, now)).toBeNull();
});
