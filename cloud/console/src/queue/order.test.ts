import { expect, test } from "vitest";

import { aCase } from "./aCase.test.data";
import { claimable, foldWaiting, groupCases, stageOf } from "./order";

const limits = { p1_claim_s: 30, p2_claim_s: 120, p3_claim_s: 14_400, claimed_s: 90 };
const me = { id: "me", name: "王敏", seat_id: null };
const other = { id: "other", name: "李娜", seat_id: null };
const at = (second: number): string => `2026-01-01T02:10:${String(second).padStart(2, "0")}.000Z`;

test("waiting, mine and others are three groups; closed is none", () => {
  const groups = groupCases(
    [
      aCase({ id: "a" }),
      aCase({ id: "b", state: "claimed", owner: me }),
      aCase({ id: "c", state: "claimed", owner: other }),
      aCase({ id: "d", state: "resolved", owner: me }),
      aCase({ id: "e", state: "closed", owner: me }),
    ],
    "me",
    limits,
  );
  expect(groups.waiting.map((item) => item.id)).toEqual(["a"]);
  expect(groups.mine.map((item) => item.id)).toEqual(["b", "d"]);
  expect(groups.others.map((item) => item.id)).toEqual(["c"]);
});

test("the order is priority, time left, raised time, id, whatever the order of arrival", () => {
  const items = [
    aCase({ id: "p2", priority: 2, opened_at: at(0) }),
    aCase({ id: "p1-new", opened_at: at(20) }),
    aCase({ id: "p1-b", opened_at: at(10) }),
    aCase({ id: "p1-a", opened_at: at(10) }),
    aCase({ id: "p4", priority: 4, opened_at: at(0) }),
  ];
  const wanted = ["p1-a", "p1-b", "p1-new", "p2", "p4"];
  for (const list of [items, items.toReversed()]) {
    expect(groupCases(list, "me", limits).waiting.map((item) => item.id)).toEqual(wanted);
  }
});

test("a waiting case has its priority's limit, a claimed one its stage's, a technical one none", () => {
  const opened = Date.parse(at(0));
  expect(stageOf(aCase({ opened_at: at(0) }), limits)).toEqual({ from: opened, due: opened + 30_000 });
  expect(stageOf(aCase({ priority: 4 }), limits)).toBeNull();
  const claimed = aCase({ state: "claimed", owner: me, claimed_at: at(5), stage_due_at: at(50) });
  expect(stageOf(claimed, limits)).toEqual({ from: Date.parse(at(5)), due: Date.parse(at(50)) });
  const renewed = { ...claimed, stage_due_at: "2026-01-01T02:20:00.000Z" };
  const due = Date.parse("2026-01-01T02:20:00.000Z");
  expect(stageOf(renewed, limits)).toEqual({ from: due - 90_000, due });
  expect(stageOf(aCase({ state: "resolved", owner: me }), limits)).toBeNull();
});

test("life is never folded, lower levels only when more than eight wait", () => {
  const low = Array.from({ length: 6 }, (_, index) => aCase({ id: `low${index}`, priority: 3 }));
  const high = Array.from({ length: 3 }, (_, index) => aCase({ id: `high${index}` }));
  expect(foldWaiting(low).folds).toHaveLength(0);
  const { shown, folds } = foldWaiting([...high, ...low]);
  expect(shown.map((item) => item.priority)).toEqual([1, 1, 1]);
  expect(folds.map((fold) => fold.items.length)).toEqual([6]);
});

test("in a flood the second level folds by estate and kind, but never what may be a fall", () => {
  const leaks = Array.from({ length: 4 }, (_, index) => aCase({ id: `leak${index}`, priority: 2, kinds: ["water_leak"] }));
  const falls = Array.from({ length: 3 }, (_, index) => aCase({ id: `fall${index}`, priority: 2, kinds: ["fall_suspected"] }));
  const lives = Array.from({ length: 3 }, (_, index) => aCase({ id: `sos${index}` }));
  const { shown, folds } = foldWaiting([...lives, ...leaks, ...falls]);
  expect(folds.map((fold) => [fold.estate, fold.items.length])).toEqual([["桂花苑", 4]]);
  expect(shown.map((item) => item.id)).toEqual(["sos0", "sos1", "sos2", "fall0", "fall1", "fall2"]);
});

test("a case that was handed to somebody else does not wait here, one that was handed to me does", () => {
  const items = [
    aCase({ id: "for-me", state: "handed_over", handed_to: { id: "me", name: "王敏" } }),
    aCase({ id: "for-her", state: "handed_over", handed_to: { id: "other", name: "李娜" } }),
    aCase({ id: "for-all", state: "handed_over" }),
  ];
  const groups = groupCases(items, "me", limits);
  expect(groups.waiting.map((item) => item.id)).toEqual(["for-all", "for-me"]);
  expect(groups.others.map((item) => item.id)).toEqual(["for-her"]);
});

test("what was handed to somebody else is theirs to take, but a first priority is anybody's", () => {
  const handed = { state: "handed_over" as const, handed_to: { id: "other", name: "李娜" } };
  expect(claimable(aCase({ ...handed, priority: 1 }), "me")).toBe(true);
  expect(claimable(aCase({ ...handed, priority: 2 }), "me")).toBe(false);
  expect(claimable(aCase({ ...handed, priority: 2 }), "other")).toBe(true);
  expect(claimable(aCase({}), "me")).toBe(true);
  expect(claimable(aCase({ state: "claimed", owner: other }), "me")).toBe(false);
  expect(groupCases([aCase({ ...handed, priority: 1 })], "me", limits).others).toHaveLength(1);
});
