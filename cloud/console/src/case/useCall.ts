/** One running call of this seat: it holds the case, and its outcome is written into the timeline. */
import { useEffect, useState } from "react";

import type { CaseSummary } from "../api/client";
import { addNote, holdForCall } from "../api/commands";
import { takeCase } from "../api/queries";
import { explain } from "../desk/actions";
import { tell, useDesk } from "../desk/state";
import type { Callee } from "./calls";

const HOLD_S = 180;
const HOLD_AGAIN_MS = 120_000;

interface Call {
  /** The callee's key. */
  key: string;
  sinceMs: number;
  heldMs: number;
}

async function attempt(command: Promise<CaseSummary>): Promise<boolean> {
  try {
    takeCase(await command);
    return true;
  } catch (error) {
    tell(explain(error));
    return false;
  }
}

export interface Calls {
  call: Call | null;
  begin: (callee: Callee) => void;
  end: (note: string) => void;
}

/** One call at a time; while it runs, the case is held again each two minutes. */
export function useCall(caseId: string): Calls {
  const [call, setCall] = useState<Call | null>(null);
  const now = useDesk((state) => state.nowMs) ?? 0;
  useEffect(() => {
    if (call === null || now - call.heldMs < HOLD_AGAIN_MS) return;
    setCall({ ...call, heldMs: now });
    void attempt(holdForCall(caseId, HOLD_S));
  }, [call, caseId, now]);
  const begin = (callee: Callee): void => {
    void attempt(holdForCall(caseId, HOLD_S)).then((held) => {
      if (held) setCall({ key: callee.key, sinceMs: now, heldMs: now });
    });
  };
  const end = (note: string): void => {
    void attempt(addNote(caseId, note)).then((saved) => {
      if (!saved) return;
      setCall(null);
      void attempt(holdForCall(caseId, 0));
    });
  };
  return { call, begin, end };
}
