/** Runs the live line for as long as the desk is shown. */
import { useEffect } from "react";

import { unansweredSince } from "../api/client";
import { queries, readLiveCases, takeCase } from "../api/queries";
import { phoneMoved, takeCall } from "../desk/phone";
import { sound } from "../desk/sounds";
import { noteEscalation, useDesk } from "../desk/state";
import { NOTES } from "../quiet/queries";
import { ServerClock } from "../time/serverClock";
import { LiveFeed, type FeedEvents, type Socket } from "./feed";
import type { Frame } from "./frames";
import { everySecond } from "./ticker";

const SNAPSHOT_RETRY_MS = 2_000;

function openSocket(after: number): Socket {
  const address = new URL(`/api/v1/ws?after=${after}`, window.location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(address);
}

let current: LiveFeed | null = null;

/** Says something to the cloud over the open line; false when it is not open. */
export function say(message: object): boolean {
  return current?.send(message) ?? false;
}

/** What a frame changes on this screen. */
function take(frame: Frame, nowMs: number): void {
  switch (frame.type) {
    case "case":
      takeCase(frame.data);
      return;
    case "escalation":
      noteEscalation({ caseId: frame.data.case_id, reason: frame.data.reason, atMs: nowMs });
      return;
    case "call":
      takeCall(frame.data);
      return;
    case "desk":
      if (frame.data.kind === "shift_note") {
        void queries.invalidateQueries({ queryKey: NOTES });
        return;
      }
      if (frame.data.kind === "phone_moved") {
        phoneMoved(frame.data);
        return;
      }
      void queries.invalidateQueries({ queryKey: ["road"] });
      void queries.invalidateQueries({ queryKey: ["overdue"] });
      return;
    default:
  }
}

function events(clock: ServerClock, restart: () => void): FeedEvents {
  return {
    frame(frame) {
      take(frame, clock.now() ?? 0);
      useDesk.setState({ heardMs: clock.now() });
    },
    reset: restart,
    link(link) {
      useDesk.setState({ link });
      if (link === "live") say({ type: "sound", armed: useDesk.getState().armed });
      sound();
    },
    time(serverMs) {
      if (Number.isNaN(serverMs)) return;
      clock.heard(serverMs);
      useDesk.setState({ heardMs: serverMs, nowMs: clock.now() });
    },
    refused() {
      void queries.invalidateQueries({ queryKey: ["session"] });
    },
  };
}

/** Snapshot first, then the feed from its position; a lost snapshot is asked for again until the page goes. */
function run(): () => void {
  const clock = new ServerClock(() => performance.now());
  let ended = false;
  const begin = (): void => {
    if (ended) return;
    readLiveCases().then(
      (seq) => {
        if (ended) return;
        useDesk.setState({ listing: "read" });
        feed.resumeAt(seq);
      },
      () => {
        if (useDesk.getState().listing !== "read") useDesk.setState({ listing: "failed" });
        setTimeout(begin, SNAPSHOT_RETRY_MS);
      },
    );
  };
  const feed = new LiveFeed(
    {
      open: openSocket,
      monotonic: () => performance.now(),
      random: Math.random,
      later: (task, ms) => setTimeout(task, ms),
    },
    events(clock, begin),
  );
  current = feed;
  const stopTicks = everySecond(() => {
    feed.tick();
    const notice = useDesk.getState().notice;
    const over = notice !== null && performance.now() > notice.untilMs;
    const since = unansweredSince();
    const unansweredMs = since === null ? 0 : performance.now() - since;
    useDesk.setState({ nowMs: clock.now(), unansweredMs, ...(over ? { notice: null } : {}) });
    sound();
  });
  begin();
  return () => {
    ended = true;
    stopTicks();
    feed.stop();
    if (current === feed) current = null;
  };
}

export function useLiveFeed(): void {
  useEffect(run, []);
  const armed = useDesk((state) => state.armed);
  useEffect(() => {
    say({ type: "sound", armed });
  }, [armed]);
}
