import { expect, test } from "vitest";

import { Bell, MUTE_MS } from "./bell";
import { patternOf, PATTERNS } from "./pulses";

const waiting = (priority: number, rings = 1, id = `p${priority}`): { id: string; priority: number; rings: number } => ({
  id,
  priority,
  rings,
});

test("ten, three and one pulses tell the priorities apart", () => {
  expect(PATTERNS[1].pulses).toHaveLength(10);
  expect(PATTERNS[2].pulses).toHaveLength(3);
  expect(PATTERNS[3].pulses).toHaveLength(1);
  expect(patternOf(4)).toBeNull();
});

test("the first priority is 3-2-3-2 with pauses, and sounds again 5 s after its end", () => {
  const { pulses, every } = PATTERNS[1];
  const groups: number[] = [];
  for (const [index, pulse] of pulses.entries()) {
    const gap = pulse.at - (pulses[index - 1]?.at ?? -1);
    if (gap > 0.3) groups.push(0);
    groups.push((groups.pop() ?? 0) + 1);
  }
  expect(groups).toEqual([3, 2, 3, 2]);
  const last = pulses.at(-1);
  expect(every - (last?.at ?? 0) - (last?.length ?? 0)).toBeCloseTo(5);
});

test("nothing waits, nothing rings; technical and test alarms are silent", () => {
  const bell = new Bell();
  bell.update([], 0);
  expect(bell.due(0)).toBeNull();
  bell.update([waiting(4)], 0);
  expect(bell.due(0)).toBeNull();
});

test("only the highest waiting priority sounds, at once and then at its interval", () => {
  const bell = new Bell();
  bell.update([waiting(2), waiting(1), waiting(3)], 1000);
  expect(bell.due(1000)).toBe(1);
  expect(bell.due(1000 + PATTERNS[1].every * 1000 - 1)).toBeNull();
  expect(bell.due(1000 + PATTERNS[1].every * 1000)).toBe(1);
});

test("it stops when the case is claimed", () => {
  const bell = new Bell();
  bell.update([waiting(1)], 0);
  expect(bell.due(0)).toBe(1);
  bell.update([], 100);
  expect(bell.due(100_000)).toBeNull();
});

test("a new ring of a waiting case sounds at once", () => {
  const bell = new Bell();
  bell.update([waiting(2, 1)], 0);
  expect(bell.due(0)).toBe(2);
  bell.update([waiting(2, 2)], 500);
  expect(bell.due(500)).toBe(2);
});

test("a lower alarm does not interrupt the pattern of a higher one", () => {
  const bell = new Bell();
  bell.update([waiting(1)], 0);
  expect(bell.due(0)).toBe(1);
  bell.update([waiting(1), waiting(2)], 500);
  expect(bell.due(500)).toBeNull();
});

test("muting is for 60 s, and a new first-priority alarm breaks it", () => {
  const bell = new Bell();
  bell.update([waiting(2)], 0);
  bell.mute(0);
  expect(bell.due(0)).toBeNull();
  bell.update([waiting(2), waiting(2, 1, "another")], 1000);
  expect(bell.due(1000)).toBeNull();
  expect(bell.mutedMs(1000)).toBe(MUTE_MS - 1000);
  bell.update([waiting(2), waiting(1)], 2000);
  expect(bell.due(2000)).toBe(1);
});

test("after the silence it sounds again", () => {
  const bell = new Bell();
  bell.update([waiting(1)], 0);
  bell.mute(0);
  expect(bell.due(MUTE_MS - 1)).toBeNull();
  expect(bell.due(MUTE_MS)).toBe(1);
});
