/** Calls at this seat, as the feed tells them. */
import type { PhoneCallPop } from "../api/client";
import { phoneSeat } from "../api/phoneQueries";
import { queries } from "../api/queries";
import { textNow } from "../texts/texts";
import { tell, useDesk } from "./state";

const LIVE: ReadonlySet<PhoneCallPop["state"]> = new Set(["dialling", "ringing", "connected"]);

export function isLive(call: Pick<PhoneCallPop, "state">): boolean {
  return LIVE.has(call.state);
}

/** Keeps a call that rings or runs, and forgets one that has ended or was answered elsewhere. */
export function takeCall(call: PhoneCallPop): void {
  const after = new Map(useDesk.getState().phoneCalls);
  const elsewhere = call.state === "connected" && call.seat_id !== phoneSeat();
  if (isLive(call) && !elsewhere) after.set(call.id, call);
  else after.delete(call.id);
  const { openCaseId, shownCallId } = useDesk.getState();
  const here = after.has(call.id);
  const gone = shownCallId === call.id && !here;
  const pops = call.direction === "incoming" && here && openCaseId === null && shownCallId === null;
  useDesk.setState({ phoneCalls: after, ...(pops ? { shownCallId: call.id } : {}), ...(gone ? { shownCallId: null } : {}) });
  void queries.invalidateQueries({ queryKey: ["phone"] });
}

/** Somebody else took this seat's extension: what rings there is not heard here any more. */
export function phoneMoved(where: { extension: string; to: string }): void {
  void queries.invalidateQueries({ queryKey: ["phone"] });
  tell(textNow("phone.moved", where));
}
