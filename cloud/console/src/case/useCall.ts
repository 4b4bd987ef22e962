/** One running call of this seat: it holds its case, and its outcome is written into the timeline. */
import { useEffect } from "react";

import type { CaseSummary } from "../api/client";
import { addNote, holdForCall } from "../api/commands";
import { takeCase, useLiveCases } from "../api/queries";
import { explain } from "../desk/actions";
import { tell, useDesk, type Call } from "../desk/state";
import { phaseOf } from "../queue/phase";
import type { Callee } from "./calls";

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
  missed: (note: string) => void;
  hangUp: () => void;
}

export function useCall(caseId: string): Calls {
  const call = useDesk((state) => state.call);
  const now = useDesk((state) => state.nowMs) ?? 0;
  const begin = (callee: Callee): void => {
    void attempt(holdForCall(caseId, HOLD_S)).then((held) => {
      if (held) keep({ caseId, key: callee.key, talking: false, sinceMs: now, heldMs: now });
    });
  };
  const reached = (note: string): void => {
    if (call !== null) keep({ ...call, talking: true, sinceMs: now });
    void attempt(addNote(caseId, note));
  };
  const hangUp = (): void => {
    void attempt(holdForCall(caseId, 0)).then((done) => done && keep(null));
  };
  const missed = (note: string): void => {
    void attempt(addNote(caseId, note)).then((saved) => saved && hangUp());
  };
  return { call, begin, reached, missed, hangUp };
}
