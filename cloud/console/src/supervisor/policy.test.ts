import { expect, test } from "vitest";

import { draftOf, freshId, givenOf, mistakesOf, retarget, type PolicyDraft } from "./policy";

const draft: PolicyDraft = draftOf({
  id: "p",
  version: 3,
  name: "生命紧急",
  priority: 1,
  area_code: "",
  org_id: null,
  resident_id: null,
  repeat_every_s: 120,
  again_factor: 0.5,
  steps: [
    { delay_s: 30, target: "all_seats", channels: [], repeats: true },
    { delay_s: 60, target: "supervisors", channels: ["voice", "sms"], repeats: true },
  ],
});
const [screen, person] = draft.steps as [PolicyDraft["steps"][number], PolicyDraft["steps"][number]];

test("what was read goes back as it was, with the version that was edited", () => {
  expect(mistakesOf(draft).size).toBe(0);
  const given = givenOf(draft, false);
  expect(given.version).toBe(3);
  expect(given.repeat_every_s).toBe(120);
  expect(given.steps).toEqual([
    { delay_s: 30, target: "all_seats", channels: [], repeats: true },
    { delay_s: 60, target: "supervisors", channels: ["voice", "sms"], repeats: true },
  ]);
});

test("each mistake is told at its own field", () => {
  const wrong = mistakesOf({
    ...draft,
    name: " ",
    area: "37x",
    repeat: "5",
    again: "2",
    steps: [
      { ...screen, channels: ["sms"] },
      { ...person, delay: "1.5", channels: [] },
    ],
  });
  expect(Object.fromEntries(wrong)).toEqual({
    name: "name",
    area: "area",
    repeat: "repeat",
    again: "again",
    [`channels:${screen.key}`]: "screen",
    [`delay:${person.key}`]: "delay",
    [`channels:${person.key}`]: "no_channel",
  });
});

test("somebody on duty must be reached, by a call or an SMS", () => {
  expect(mistakesOf({ ...draft, steps: [screen] }).get("steps")).toBe("nobody");
  expect(mistakesOf({ ...draft, steps: [] }).get("steps")).toBe("no_steps");
  const weak = { ...person, channels: ["wechat"] as const };
  expect(mistakesOf({ ...draft, steps: [weak] }).get(`channels:${person.key}`)).toBe("weak");
});

test("a screen takes no channel, a person gets call and SMS", () => {
  expect(retarget(person, "all_seats").channels).toEqual([]);
  expect(retarget(screen, "contacts").channels).toEqual(["voice", "sms"]);
});

test("a fresh id is a UUID and another each time", () => {
  expect(freshId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(freshId()).not.toBe(freshId());
});
