import { QueryClient } from "@tanstack/react-query";
import { expect, test } from "vitest";

import { Newest, readNewest } from "./newest";

interface Told {
  version: number;
  alarms: number;
}

/** A server whose answers wait to be let go. */
function slowServer(): { read: () => Promise<Told>; answer: (told: Told) => Promise<void>; asked: () => number } {
  const waiting: ((told: Told) => void)[] = [];
  let asked = 0;
  return {
    read: () => {
      asked += 1;
      return new Promise((resolve) => waiting.push(resolve));
    },
    answer: async (told) => {
      waiting.shift()?.(told);
      await new Promise((done) => setTimeout(done, 0));
    },
    asked: () => asked,
  };
}

test("a first read that began before an alarm joined is read again, though invalidating it joins the same read", async () => {
  const server = slowServer();
  const newest = new Newest();
  const client = new QueryClient();
  const key = { queryKey: ["case", "a"] };
  const shown = client.fetchQuery({ ...key, queryFn: () => readNewest(server.read, () => newest.of("a")) });
  newest.heard("a", 3);
  void client.invalidateQueries(key);
  expect(server.asked()).toBe(1);
  await server.answer({ version: 2, alarms: 1 });
  expect(server.asked()).toBe(2);
  await server.answer({ version: 3, alarms: 2 });
  expect((await shown).alarms).toBe(2);
});

test("an answer as new as what was heard is taken at once, and an older word changes nothing", async () => {
  const newest = new Newest();
  newest.heard("a", 5);
  newest.heard("a", 4);
  let reads = 0;
  const read = (): Promise<Told> => Promise.resolve({ version: 5, alarms: (reads += 1) });
  expect(await readNewest(read, () => newest.of("a"))).toEqual({ version: 5, alarms: 1 });
});

test("a server that stays behind is not asked for ever", async () => {
  let reads = 0;
  const read = (): Promise<Told> => Promise.resolve({ version: 1, alarms: (reads += 1) });
  expect((await readNewest(read, () => 9)).alarms).toBe(4);
  expect(reads).toBe(4);
});
