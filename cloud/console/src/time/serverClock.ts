/** The server's time on this screen: an offset to the browser's monotonic clock, measured at connect and at heartbeats. */

const JUMP_MS = 2000;

export class ServerClock {
  private offset: number | null = null;

  /** `monotonic` is milliseconds that never jump (performance.now). */
  constructor(private readonly monotonic: () => number) {}

  /** Takes a time just received from the server. The least delayed message is the truest; a jump is followed. */
  heard(serverMs: number): void {
    const sample = serverMs - this.monotonic();
    if (this.offset === null || sample > this.offset || this.offset - sample > JUMP_MS) this.offset = sample;
  }

  /** Server time in ms UTC, or null before the first contact. */
  now(): number | null {
    return this.offset === null ? null : this.monotonic() + this.offset;
  }
}
