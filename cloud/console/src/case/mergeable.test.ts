import { expect, test } from "vitest";

import { aCase } from "../queue/aCase.test.data";
import { mergeable, shelvable } from "./mergeable";

const mine = aCase({ id: "mine", state: "claimed" });

test("what may be one with a case is of its class and of its elder, its door or nobody known", () => {
  const live = [
    mine,
    aCase({ id: "same-elder", place: null }),
    aCase({ id: "same-door", resident: null }),
    aCase({ id: "a-call", resident: null, place: null, subject_kind: "system" }),
    aCase({ id: "technical", class: "technical" }),
    aCase({ id: "over", state: "resolved" }),
    aCase({ id: "a-group", children: 3 }),
    aCase({ id: "other", resident: { id: "r2", name: "陈国栋", sex: "male", age: 77 }, place: null }),
  ];
  expect(mergeable(mine, live).map((item) => item.id)).toEqual(["same-elder", "same-door", "a-call"]);
});

test("only technical cases can be set aside, never of the first level, never where a life hangs on the mains", () => {
  expect(shelvable(mine)).toBe(false);
  expect(shelvable(aCase({ class: "technical", priority: 1 }))).toBe(false);
  expect(shelvable(aCase({ class: "technical", priority: 2, kinds: ["mains_lost"] }))).toBe(false);
  expect(shelvable(aCase({ class: "technical", priority: 4 }))).toBe(true);
});
