/** The wall's live line: a frame only says that the numbers changed, so they are read again. No name comes in. */
import { useEffect, useState } from "react";

import { answered, api } from "../api/client";
import { queries } from "../api/queries";
import { useDesk } from "../desk/state";
import { LiveFeed, type FeedEvents, type Socket } from "../live/feed";
import { everySecond } from "../live/ticker";
import { ServerClock } from "../time/serverClock";
import { isOld } from "./numbers";

const readWall = () => answered(api.GET("/api/v1/wall"));
const readFigures = () => answered(api.GET("/api/v1/wall/figures"));
export type WallPicture = Awaited<ReturnType<typeof readWall>>;
export type WallFigures = Awaited<ReturnType<typeof readFigures>>;

const SETTLE_MS = 300;
const RETRY_MS = 2_000;
const PICTURE_EVERY_S = 10;
const FIGURES_EVERY_S = 60;
/** Older than three missed readings: not the present any more. */
const OLD_MS = 35_000;

export interface WallState {
  picture: WallPicture | null;
  figures: WallFigures | null;
  /** Nothing that is shown can be relied on. */
  stale: boolean;
}

function openSocket(after: number): Socket {
  const address = new URL(`/api/v1/ws?view=wall&after=${after}`, window.location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(address);
}

/** Reads at once, after each change, and now and then: a seat that goes silent sends no frame. */
class WallReader {
  private readAt: number | null = null;
  private due: ReturnType<typeof setTimeout> | undefined;
  private seconds = 0;
  private ended = false;
  private readonly clock = new ServerClock(() => performance.now());
  private readonly feed: LiveFeed;
  private readonly stopTicks: () => void;

  constructor(private readonly show: (change: Partial<WallState>) => void) {
    this.feed = new LiveFeed(
      {
        open: openSocket,
        monotonic: () => performance.now(),
        random: Math.random,
        later: (task, ms) => setTimeout(task, ms),
      },
      this.events(),
    );
    this.stopTicks = everySecond(() => this.tick());
    this.begin();
    this.readFigures();
  }

  stop(): void {
    this.ended = true;
    clearTimeout(this.due);
    this.stopTicks();
    this.feed.stop();
  }

  private events(): FeedEvents {
    return {
      frame: () => this.soon(),
      reset: () => this.begin(),
      link: (link) => {
        useDesk.setState({ link });
        if (link === "live") this.soon();
      },
      time: (serverMs) => {
        if (Number.isNaN(serverMs)) return;
        this.clock.heard(serverMs);
        useDesk.setState({ heardMs: serverMs, nowMs: this.clock.now() });
      },
      refused: () => void queries.invalidateQueries({ queryKey: ["session"] }),
    };
  }

  private begin(): void {
    if (this.ended) return;
    this.read().then(
      (seq) => this.feed.resumeAt(seq),
      () => setTimeout(() => this.begin(), RETRY_MS),
    );
  }

  private async read(): Promise<number> {
    const picture = await readWall();
    this.readAt = performance.now();
    if (!this.ended) this.show({ picture });
    return picture.seq;
  }

  private soon(): void {
    this.due ??= setTimeout(() => {
      this.due = undefined;
      this.read().catch(() => undefined);
    }, SETTLE_MS);
  }

  private readFigures(): void {
    readFigures().then(
      (figures) => this.ended || this.show({ figures }),
      () => this.ended || this.show({ figures: null }),
    );
  }

  private tick(): void {
    this.feed.tick();
    this.seconds += 1;
    if (this.seconds % PICTURE_EVERY_S === 0) this.soon();
    if (this.seconds % FIGURES_EVERY_S === 0) this.readFigures();
    const link = useDesk.getState().link;
    this.show({ stale: link === "stale" || isOld(this.readAt, performance.now(), OLD_MS) });
    useDesk.setState({ nowMs: this.clock.now() });
  }
}

export function useWall(): WallState {
  const [state, setState] = useState<WallState>({ picture: null, figures: null, stale: false });
  useEffect(() => {
    const reader = new WallReader((change) => setState((before) => ({ ...before, ...change })));
    return () => reader.stop();
  }, []);
  return state;
}

/** Keeps the screen on where the browser allows it (https or this machine), again after it was hidden. */
export function useScreenOn(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | null = null;
    let ended = false;
    const ask = async (): Promise<void> => {
      if (!("wakeLock" in navigator) || document.visibilityState !== "visible") return;
      const held = await navigator.wakeLock.request("screen").catch(() => null);
      if (ended) await held?.release();
      else lock = held;
    };
    const shown = (): void => void ask();
    shown();
    document.addEventListener("visibilitychange", shown);
    return () => {
      ended = true;
      document.removeEventListener("visibilitychange", shown);
      void lock?.release();
    };
  }, []);
}
