import { expect, test } from "vitest";

import { continuity, readMessage } from "./frames";

test("a frame follows on when nothing of ours lies between", () => {
  expect(continuity({ seq: 8, prev: 7 }, 7)).toBe("next");
  expect(continuity({ seq: 12, prev: 7 }, 7)).toBe("next");
  expect(continuity({ seq: 12, prev: 6 }, 7)).toBe("next");
});

test("a frame that was applied is not applied again", () => {
  expect(continuity({ seq: 7, prev: 6 }, 7)).toBe("seen");
  expect(continuity({ seq: 3, prev: 2 }, 7)).toBe("seen");
});

test("a frame after one that is missing is a gap", () => {
  expect(continuity({ seq: 9, prev: 8 }, 7)).toBe("gap");
});

test("what is no message of the feed is nothing", () => {
  for (const bad of ["", "{", "null", "[]", "7", '{"type":"case"}', '{"type":"case","seq":"x"}', 7, null, undefined]) {
    expect(readMessage(bad)).toBeNull();
  }
});

test("a frame of an unknown type keeps its place in the order", () => {
  expect(readMessage('{"type":"weather","seq":4,"prev":3,"data":{}}')).toEqual({ type: "unknown", seq: 4, prev: 3 });
  expect(readMessage('{"type":"case","seq":4,"prev":3}')).toEqual({ type: "unknown", seq: 4, prev: 3 });
});
