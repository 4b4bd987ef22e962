/** The live line to the cloud: resumes by sequence number, notices a silently dead link, keeps the seat alive. */
import { continuity, readMessage, type Frame } from "./frames";

export type Link = "connecting" | "live" | "stale";

export const HEARTBEAT_S = 5;
export const WATCHDOG_MS = 12_000;
const CONNECT_LIMIT_MS = 6_000;
const BACKOFF_FIRST_MS = 250;
const BACKOFF_LAST_MS = 4_000;

/** What the line needs of a WebSocket. */
export interface Socket {
  readonly readyState: number;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(text: string): void;
  close(): void;
}

export interface FeedEvents {
  /** A frame in order, each exactly once. */
  frame(frame: Frame): void;
  /** The server no longer has what we missed: read the lists again, then `resumeAt`. */
  reset(): void;
  link(link: Link): void;
  /** The server's clock in ms UTC, just heard. */
  time(serverMs: number): void;
  /** The server answers but would not let us in, twice: is the session over? */
  refused(): void;
}

export interface FeedParts {
  open(after: number): Socket;
  monotonic(): number;
  random(): number;
  later(run: () => void, ms: number): void;
}

const OPEN = 1;
/** The server's close code when the session has ended. */
const SIGNED_OUT = 4401;

export class LiveFeed {
  private socket: Socket | null = null;
  private last = 0;
  private heardAt: number;
  private triedAt = 0;
  private failures = 0;
  private beats = 0;
  private state: Link = "connecting";
  private stopped = false;

  constructor(
    private readonly parts: FeedParts,
    private readonly events: FeedEvents,
  ) {
    this.heardAt = parts.monotonic();
  }

  /** Begins (or begins again) after the snapshot whose position is `seq`. */
  resumeAt(seq: number): void {
    if (this.stopped) return;
    this.last = seq;
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    this.drop();
  }

  /** Once a second, from a worker's timer: watchdog, heartbeat of the seat. */
  tick(): void {
    if (this.stopped) return;
    const now = this.parts.monotonic();
    if (now - this.heardAt > WATCHDOG_MS) {
      if (this.socket?.readyState === OPEN) this.retry();
      this.turn("stale");
    }
    if (this.socket !== null && this.socket.readyState !== OPEN && now - this.triedAt > CONNECT_LIMIT_MS) this.retry();
    this.beats = (this.beats + 1) % HEARTBEAT_S;
    if (this.beats === 0) this.send({ type: "hb" });
  }

  /** Sends when the line is open; false when it is not. */
  send(message: object): boolean {
    if (this.socket?.readyState !== OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  private connect(): void {
    this.drop();
    this.triedAt = this.parts.monotonic();
    const socket = this.parts.open(this.last);
    this.socket = socket;
    socket.onmessage = (event) => {
      if (this.socket === socket) this.receive(event.data);
    };
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      if (event.code === SIGNED_OUT) this.events.refused();
      this.retry();
    };
  }

  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    if (socket === null) return;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  private retry(): void {
    this.drop();
    if (this.state === "live") this.turn("connecting");
    this.failures += 1;
    if (this.failures % 2 === 0) this.events.refused();
    const backoff = Math.min(BACKOFF_LAST_MS, BACKOFF_FIRST_MS * 2 ** (this.failures - 1));
    this.parts.later(
      () => {
        if (!this.stopped && this.socket === null) this.connect();
      },
      backoff * (0.5 + this.parts.random() / 2),
    );
  }

  private receive(data: unknown): void {
    const message = readMessage(data);
    if (message === null) return;
    this.heardAt = this.parts.monotonic();
    this.failures = 0;
    switch (message.type) {
      case "hello":
      case "hb":
        this.events.time(Date.parse(message.at));
        this.turn("live");
        return;
      case "reset":
        this.drop();
        this.events.reset();
        return;
      default:
        this.take(message);
    }
  }

  private take(frame: Frame): void {
    switch (continuity(frame, this.last)) {
      case "seen":
        return;
      case "gap":
        this.connect();
        return;
      case "next":
        this.last = frame.seq;
        this.turn("live");
        this.events.frame(frame);
    }
  }

  private turn(link: Link): void {
    if (this.state === link) return;
    this.state = link;
    this.events.link(link);
  }
}
