import { expect, test } from "vitest";

import { RESOURCES, ROOMS } from "./texts";

const placeholders = (text: string): string[] => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((found) => found[1] ?? "").toSorted();

test("Chinese and English have the same keys", () => {
  expect(Object.keys(RESOURCES.en).toSorted()).toEqual(Object.keys(RESOURCES.zh).toSorted());
});

test("no key stands in two rooms, where one would speak with the other's words", () => {
  for (const language of ["zh", "en"] as const) {
    const keys = ROOMS.flatMap((room) => Object.keys(room[language]));
    expect(keys.filter((key, place) => keys.indexOf(key) !== place)).toEqual([]);
  }
});

test("no text is empty, and both languages fill in the same values", () => {
  for (const [key, zh] of Object.entries(RESOURCES.zh)) {
    const en = RESOURCES.en[key as keyof typeof RESOURCES.en];
    expect(zh, key).not.toBe("");
    expect(en, key).not.toBe("");
    expect(placeholders(en), key).toEqual(placeholders(zh));
  }
});

test("English texts contain no Chinese but the name of the other language", () => {
  const chinese = Object.entries(RESOURCES.en).filter(([, text]) => /[\u4e00-\u9fff]/.test(text));
  expect(chinese.map(([key]) => key)).toEqual(["top.other_language", "top.other_language_name"]);
});
