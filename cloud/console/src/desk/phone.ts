/** Calls at this seat, as the feed tells them. */
import type { PhoneCallPop } from "../api/client";
import { useDesk } from "./state";

const LIVE: ReadonlySet<PhoneCallPop["state"]> = new Set(["dialling", "ringing", "connected"]);

export function isLive(call: Pick<PhoneCallPop, "state">): boolean {
  return LIVE.has(call.state);
}

/** Keeps a call that rings or runs, and forgets one that has ended. */
export function takeCall(call: PhoneCallPop): void {
  const after = new Map(useDesk.getState().phoneCalls);
  if (isLive(call)) after.set(call.id, call);
  else after.delete(call.id);
  useDesk.setState({ phoneCalls: after });
}
