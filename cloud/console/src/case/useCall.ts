/** One running call of this seat: it holds its case, and its outcome is written into the timeline. */
import { useEffect } from "react";

import { freshKey, type CallOutcome, type CaseSummary, type PhoneCallPop } from "../api/client";
import { addNote, callBack, dial, hangUp as endCall, holdForCall, type CallTold } from "../api/commands";
import { usePhone } from "../api/phoneQueries";
import { takeCase, useLiveCases } from "../api/queries";
import { explain } from "../desk/actions";
import { tell, useDesk, type Call } from "../desk/state";
import { isLive, takeCall } from "../desk/phone";
import { phaseOf } from "../queue/phase";
import { textNow } from "../texts/texts";
import { instant } from "../time/format";
import { calledOf, isElder, type Callee } from "./calls";

const HOLD_S = 180;
const HOLD_AGAIN_MS = 120_000;

async function attempt(command: Promise<CaseSummary>): Promise<boolean> {
  try {
    takeCase(await command);
    return true;
  } catch (error) {
    tell(explain(error));
    return false;
  }
}

/** What the note of a call's outcome says to the protocol. */
function told(call: Call | null, outcome: "connected" | "no_answer"): CallTold | undefined {
  return call === null ? undefined : { called: calledOf(call.key), outcome };
}

function keep(call: Call | null): void {
  useDesk.setState({ call });
}

/** While a call runs its case is held again each two minutes, whatever is on the screen; at the desk, once. */
export function useCallHold(userId: string): void {
  const call = useDesk((state) => state.call);
  const now = useDesk((state) => state.nowMs) ?? 0;
  const item = useLiveCases().get(call?.caseId ?? "");
  const held = item !== undefined && phaseOf(item) === "held" && item.owner?.id === userId;
  useEffect(() => {
    if (call === null) return;
    if (!held) keep(null);
    else if (now - call.heldMs >= HOLD_AGAIN_MS) {
      keep({ ...call, heldMs: now });
      void attempt(holdForCall(call.caseId, HOLD_S));
    }
  }, [call, held, now]);
}

export interface Calls {
  /** The seat's call, of this case or of another one. */
  call: Call | null;
  begin: (callee: Callee) => void;
  reached: (note: string) => void;
  /** Nobody answered; at the elder's own telephone that is an emergency. */
  missed: (note: string, callee: Callee) => void;
  hangUp: () => void;
  outcome: (outcome: CallOutcome) => void;
}

/** An outgoing call of the telephone system as the call that runs here. */
function asCall(phoned: PhoneCallPop): Call {
  const sinceMs = instant(phoned.connected_at ?? phoned.begun_at) ?? 0;
  const { id, state, other_number: number } = phoned;
  return { caseId: phoned.case_id ?? "", key: "", talking: state === "connected", sinceMs, heldMs: 0, id, number, state };
}

async function dialFrom(caseId: string, number: string): Promise<void> {
  try {
    const call = await dial(caseId, number);
    takeCall({ ...call, callers: [], more_callers: false });
    if (!isLive(call)) tell(textNow("call.not_begun"));
  } catch (error) {
    tell(explain(error));
  }
}

/** Calls from a case: through the telephone system where this seat has an extension, else marked by hand. */
export function useCall(caseId: string): Calls {
  const byHand = useDesk((state) => state.call);
  const phoneCalls = useDesk((state) => state.phoneCalls);
  const phoned = [...phoneCalls.values()].find((one) => one.direction === "outgoing");
  const phone = usePhone().data?.phone;
  const now = useDesk((state) => state.nowMs) ?? 0;
  const call = phoned === undefined ? byHand : asCall(phoned);
  const begin = (callee: Callee): void => {
    const [number] = callee.phones;
    if (phone && phone.state !== "logged_out" && number !== undefined) void dialFrom(caseId, number);
    else
      void attempt(holdForCall(caseId, HOLD_S)).then((held) => {
        if (held) keep({ caseId, key: callee.key, talking: false, sinceMs: now, heldMs: now });
      });
  };
  const reached = (note: string): void => {
    if (byHand !== null) keep({ ...byHand, talking: true, sinceMs: now });
    void attempt(addNote(caseId, note, freshKey(), told(byHand, "connected")));
  };
  const hangUp = (): void => {
    if (phoned !== undefined) endCall(phoned.id).catch((error: unknown) => tell(explain(error)));
    else void attempt(holdForCall(caseId, 0)).then((done) => done && keep(null));
  };
  const missed = (note: string, callee: Callee): void => {
    const noted = (): Promise<CaseSummary> => addNote(caseId, note, freshKey(), told(byHand, "no_answer"));
    void attempt(isElder(callee) ? callBack(caseId, "no_answer") : noted()).then((saved) => saved && hangUp());
  };
  const outcome = (came: CallOutcome): void => void attempt(callBack(caseId, came));
  return { call, begin, reached, missed, hangUp, outcome };
}
