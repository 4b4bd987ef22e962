import { expect, test } from "vitest";

import type { PhoneCall } from "../api/client";
import { aCase } from "../queue/aCase.test.data";
import { followUpsDue, missedCalls } from "./due";

const NOW = Date.parse("2026-01-01T12:00:00.000Z");

function call(number: number, more: Partial<PhoneCall> = {}): PhoneCall {
  return {
    id: `call-${number}`,
    number,
    provider: "p",
    direction: "incoming",
    state: "no_answer",
    other_number: "13900001111",
    other_name: "",
    seat_id: null,
    actor_name: null,
    case_id: null,
    begun_at: "2026-01-01T11:00:00.000Z",
    connected_at: null,
    ended_at: null,
    ...more,
  };
}

test("resolved cases of people are due, the longest ago first; what was followed up or is technical is not", () => {
  const late = aCase({ id: "a", state: "resolved", resolved_at: "2026-01-01T11:30:00.000Z" });
  const early = aCase({ id: "b", state: "resolved", resolved_at: "2026-01-01T10:30:00.000Z" });
  const others = [
    aCase({ id: "c", state: "followed_up" }),
    aCase({ id: "d", state: "resolved", class: "technical" }),
    aCase({ id: "e", state: "open" }),
  ];
  expect(followUpsDue([late, ...others, early]).map(({ id }) => id)).toEqual(["b", "a"]);
});

test("a missed caller is named once, until somebody spoke to them or made a case of the call", () => {
  expect(missedCalls([call(3), call(2)], NOW).map(({ number }) => number)).toEqual([3]);
  const back = call(4, { direction: "outgoing", state: "ended", connected_at: "2026-01-01T11:30:00.000Z" });
  expect(missedCalls([back, call(3)], NOW)).toEqual([]);
  expect(missedCalls([call(3, { case_id: "case" })], NOW)).toEqual([]);
  expect(missedCalls([call(3, { begun_at: "2025-12-30T11:00:00.000Z" })], NOW)).toEqual([]);
  expect(missedCalls([call(5, { other_number: "13900002222" }), call(3)], NOW)).toHaveLength(2);
});
