import { beforeEach, expect, test } from "vitest";

import { forgetOthers, keepLine, keptLine } from "./kept";

beforeEach(() => sessionStorage.clear());

test("a line is there for its writer at its place until it is empty", () => {
  keepLine("wang", "case-1", { text: "神志清", key: "a" });
  keepLine("wang", "case-2", { text: "右髋", key: "b" });
  expect(keptLine("wang", "case-1")).toEqual({ text: "神志清", key: "a" });
  keepLine("wang", "case-1", { text: "", key: "c" });
  expect(keptLine("wang", "case-1")).toBeUndefined();
  expect(keptLine("wang", "case-2")?.text).toBe("右髋");
});

test("nobody else reads it, and it is gone when somebody else has come", () => {
  keepLine("wang", "case-1", { text: "神志清", key: "a" });
  forgetOthers("wang");
  expect(keptLine("wang", "case-1")?.text).toBe("神志清");
  forgetOthers("li");
  expect(sessionStorage.length).toBe(0);
  expect(keptLine("wang", "case-1")).toBeUndefined();
});

test("the oldest goes first, and what cannot be read is nothing", () => {
  for (let number = 0; number < 25; number += 1) keepLine("wang", `case-${number}`, { text: "x", key: "k" });
  expect(keptLine("wang", "case-4")).toBeUndefined();
  expect(keptLine("wang", "case-5")?.text).toBe("x");
  sessionStorage.setItem("carebed.lines", "{");
  expect(keptLine("wang", "case-5")).toBeUndefined();
});
