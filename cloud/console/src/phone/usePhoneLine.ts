/** Runs the live line of a phone: the snapshot first, then the feed; each frame says that there is news, and no more. */
import { useEffect } from "react";

import { queries } from "../api/queries";
import { useDesk } from "../desk/state";
import { LiveFeed } from "../live/feed";
import { everySecond } from "../live/ticker";
import { ServerClock } from "../time/serverClock";

const SNAPSHOT_RETRY_MS = 2_000;

function openSocket(after: number): WebSocket {
  const address = new URL(`/api/v1/ws?after=${after}`, window.location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(address);
}

function run(read: () => Promise<number>, news: () => unknown): () => void {
  const clock = new ServerClock(() => performance.now());
  let ended = false;
  const begin = (): void => {
    if (ended) return;
    read().then(
      (seq) => {
        if (!ended) feed.resumeAt(seq);
      },
      () => setTimeout(begin, SNAPSHOT_RETRY_MS),
    );
  };
  const feed = new LiveFeed(
    {
      open: openSocket,
      monotonic: () => performance.now(),
      random: Math.random,
      later: (task, ms) => setTimeout(task, ms),
    },
    {
      frame: news,
      reset: begin,
      link: (link) => {
        useDesk.setState({ link });
        if (link === "live") news();
      },
      time: (serverMs) => {
        if (Number.isNaN(serverMs)) return;
        clock.heard(serverMs);
        useDesk.setState({ heardMs: serverMs, nowMs: clock.now() });
      },
      refused: () => void queries.invalidateQueries({ queryKey: ["session"] }),
    },
  );
  const stopTicks = everySecond(() => {
    feed.tick();
    useDesk.setState({ nowMs: clock.now() });
  });
  begin();
  return () => {
    ended = true;
    stopTicks();
    feed.stop();
  };
}

/** `read` and `news` must be the same functions for as long as the page is shown. */
export function usePhoneLine(read: () => Promise<number>, news: () => unknown): void {
  useEffect(() => run(read, news), [read, news]);
}
