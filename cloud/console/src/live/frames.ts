/** The feed's messages and the one rule that finds a gap. */
import type { LiveMessage } from "../api/client";

/** A frame of a type that this console does not know yet keeps its place in the order. */
export interface UnknownFrame {
  type: "unknown";
  seq: number;
  prev: number;
}

export type Message = LiveMessage | UnknownFrame;
/** What has a place in the feed's order; greetings, heartbeats and resets have none. */
export type Frame = Extract<Message, { prev: number }>;

const KNOWN: readonly LiveMessage["type"][] = ["case", "escalation", "desk", "call", "hello", "hb", "reset"];

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Reads one WebSocket text; null when it is not a message of the feed. */
export function readMessage(text: unknown): Message | null {
  if (typeof text !== "string") return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value) || typeof value["seq"] !== "number") return null;
  const { type, seq, prev, data } = value;
  const ordered = typeof prev === "number" && isRecord(data);
  const known = KNOWN.find((name) => name === type);
  if (known === "hello" || known === "hb" || known === "reset" || (known !== undefined && ordered)) {
    return value as unknown as LiveMessage;
  }
  return typeof prev === "number" ? { type: "unknown", seq, prev } : null;
}

export type Continuity = "next" | "seen" | "gap";

/**
 * `prev` is the last seq this client was entitled to see. What lies between `prev` and `seq` was never ours,
 * so a frame follows on when `prev <= last`; else something is missing and the feed is resumed at `last`.
 */
export function continuity(frame: { seq: number; prev: number }, last: number): Continuity {
  if (frame.seq <= last) return "seen";
  return frame.prev <= last ? "next" : "gap";
}
