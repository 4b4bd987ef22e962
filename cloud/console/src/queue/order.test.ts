import { expect, test } from "vitest";

import { aCase } from "./aCase.test.data";
import { foldWaiting, groupCases, stageOf } from "./order";

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

test("life and urgent alarms are never folded, lower ones only when more than eight wait", () => {
  const low = Array.from({ length: 6 }, (_, index) => aCase({ id: `low${index}`, priority: 3 }));
  const high = Array.from({ length: 3 }, (_, index) => aCase({ id: `high${index}` }));
  expect(foldWaiting(low).folded).toHaveLength(0);
  const { shown, folded } = foldWaiting([...high, ...low]);
  expect(shown.map((item) => item.priority)).toEqual([1, 1, 1]);
  expect(folded).toHaveLength(6);
});
