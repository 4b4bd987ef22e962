import { expect, test } from "vitest";

import { draftOf, FITTING, givenOf, mistakesOf, moved, withAction, type ProtocolDraft } from "./protocol";

const draft: ProtocolDraft = draftOf({
  key: "fire",
  version: 3,
  kinds: ["smoke", "heat"],
  name_zh: "火警",
  name_en: "Fire",
  steps: [
    { text_zh: "先拨 119", text_en: "Call 119", action: "call_119", done_when: "by_hand" },
    { text_zh: "呼叫本人", text_en: "Call the elder", action: "call_resident", done_when: "connected" },
  ],
  phrases: [{ zh: "已报 119", en: "119 called" }],
  changed_at: "2026-11-20T00:00:00Z",
  changed_by: "system",
});
const [brigade, call] = draft.steps as [ProtocolDraft["steps"][number], ProtocolDraft["steps"][number]];

test("what was read goes back as it was, with the version that was edited", () => {
  expect(mistakesOf(draft).size).toBe(0);
  expect(givenOf(draft)).toEqual({
    version: 3,
    name_zh: "火警",
    name_en: "Fire",
    steps: [
      { text_zh: "先拨 119", text_en: "Call 119", action: "call_119", done_when: "by_hand" },
      { text_zh: "呼叫本人", text_en: "Call the elder", action: "call_resident", done_when: "connected" },
    ],
    phrases: [{ zh: "已报 119", en: "119 called" }],
  });
});

test("fire begins with 119, each text is needed in both languages", () => {
  expect(mistakesOf({ ...draft, steps: moved(draft.steps, 1, -1) }).get("steps")).toBe("fire");
  expect(mistakesOf({ ...draft, id: "fall", steps: moved(draft.steps, 1, -1) }).size).toBe(0);
  expect(mistakesOf({ ...draft, steps: [] }).get("steps")).toBe("no_steps");
  const wrong = mistakesOf({ ...draft, en: " ", steps: [brigade, { ...call, zh: "" }] });
  expect([...wrong.keys()]).toEqual([`zh:${call.key}`, "en"]);
});

test("a step ends only by what fits its action", () => {
  expect(withAction(call, "call_contacts").doneWhen).toBe("connected");
  expect(withAction(call, "dispatch").doneWhen).toBe("dispatched");
  expect(withAction(call, "call_120").doneWhen).toBe("by_hand");
  expect(Object.values(FITTING).every((fitting) => fitting.includes("by_hand"))).toBe(true);
});

test("a line moves by one place and never over the ends", () => {
  expect(moved(["a", "b", "c"], 2, -1)).toEqual(["a", "c", "b"]);
  expect(moved(["a", "b", "c"], 0, 1)).toEqual(["b", "a", "c"]);
  expect(moved(["a", "b"], 0, -1)).toEqual(["a", "b"]);
  expect(moved(["a", "b"], 1, 1)).toEqual(["a", "b"]);
});
