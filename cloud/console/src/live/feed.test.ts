import { beforeEach, expect, test } from "vitest";

import { LiveFeed, WATCHDOG_MS, type Link, type Socket } from "./feed";

class FakeSocket implements Socket {
  readyState = 1;
  onopen = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  readonly sent: string[] = [];
  constructor(readonly after: number) {}
  send(text: string): void {
    this.sent.push(text);
  }
  close(): void {
    this.readyState = 3;
  }
  says(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) } as MessageEvent);
  }
  breaks(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code } as CloseEvent);
  }
}

let now: number;
let sockets: FakeSocket[];
let seqs: number[];
let links: Link[];
let resets: number;
let refusals: number;
let delays: number[];
let pending: (() => void)[];
let feed: LiveFeed;

const latest = (): FakeSocket => {
  const socket = sockets.at(-1);
  if (socket === undefined) throw new Error("no socket was opened");
  return socket;
};
const runPending = (): void => {
  for (const run of pending.splice(0)) run();
};
const hello = { type: "hello", seq: 5, at: "2026-01-01T00:00:00.000Z" };
const frame = (seq: number, prev = seq - 1): object => ({ type: "case", seq, prev, data: { id: "a" } });

beforeEach(() => {
  now = 1000;
  [sockets, seqs, links, delays, pending] = [[], [], [], [], []];
  [resets, refusals] = [0, 0];
  feed = new LiveFeed(
    {
      open: (after) => {
        const socket = new FakeSocket(after);
        sockets.push(socket);
        return socket;
      },
      monotonic: () => now,
      random: () => 1,
      later: (run, ms) => {
        delays.push(ms);
        pending.push(run);
      },
    },
    {
      frame: (message) => seqs.push(message.seq),
      reset: () => (resets += 1),
      link: (link) => links.push(link),
      time: () => undefined,
      refused: () => (refusals += 1),
    },
  );
  feed.resumeAt(5);
});

test("frames are applied once and in order", () => {
  latest().says(hello);
  for (const seq of [6, 6, 7, 5, 8]) latest().says(frame(seq));
  expect(seqs).toEqual([6, 7, 8]);
});

test("a gap opens the line again at the last frame that was applied", () => {
  latest().says(hello);
  latest().says(frame(6));
  latest().says(frame(9, 8));
  expect(sockets.map((socket) => socket.after)).toEqual([5, 6]);
  for (const seq of [7, 8, 9]) latest().says(frame(seq));
  expect(seqs).toEqual([6, 7, 8, 9]);
});

test("a broken line comes back where it was, later and later, at most each 4 s", () => {
  latest().says(hello);
  latest().says(frame(6));
  for (let round = 0; round < 7; round += 1) {
    latest().breaks();
    runPending();
  }
  expect(latest().after).toBe(6);
  expect(delays).toEqual([250, 500, 1000, 2000, 4000, 4000, 4000]);
});

test("a line that is silent for 12 s is stale and is opened again", () => {
  latest().says(hello);
  now += WATCHDOG_MS;
  feed.tick();
  expect(links).toEqual(["live"]);
  now += 1;
  feed.tick();
  expect(links.at(-1)).toBe("stale");
  runPending();
  expect(sockets).toHaveLength(2);
  latest().says(hello);
  expect(links.at(-1)).toBe("live");
});

test("a heartbeat keeps the line live", () => {
  latest().says(hello);
  for (let beat = 0; beat < 10; beat += 1) {
    now += 5000;
    latest().says({ type: "hb", seq: 5, at: "2026-01-01T00:00:05.000Z" });
    feed.tick();
  }
  expect(links).toEqual(["live"]);
});

test("a page that never hears anything is stale too", () => {
  now += WATCHDOG_MS + 1;
  feed.tick();
  expect(links).toEqual(["stale"]);
});

test("an attempt that hangs is given up", () => {
  latest().readyState = 0;
  now += 6001;
  feed.tick();
  runPending();
  expect(sockets).toHaveLength(2);
});

test("the seat says each 5 s that it lives", () => {
  latest().says(hello);
  for (let second = 0; second < 10; second += 1) feed.tick();
  expect(latest().sent).toEqual(['{"type":"hb"}', '{"type":"hb"}']);
});

test("a reset asks for the lists, then goes on at their position", () => {
  latest().says(hello);
  latest().says({ type: "reset", seq: 90, at: "2026-01-01T00:00:00.000Z" });
  expect(resets).toBe(1);
  feed.resumeAt(90);
  expect(latest().after).toBe(90);
});

test("a session that has ended is asked about at once", () => {
  latest().says(hello);
  latest().breaks(4401);
  expect(refusals).toBe(1);
});

test("nothing is opened after the desk has gone", () => {
  latest().says(hello);
  latest().breaks();
  feed.stop();
  runPending();
  expect(sockets).toHaveLength(1);
});
