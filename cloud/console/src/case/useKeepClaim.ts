/** Renews the claim while its owner works in the case (types, clicks); an idle owner is warned and loses it. */
import { useEffect, useRef } from "react";

import type { CaseSummary } from "../api/client";
import { renew } from "../desk/actions";
import { markSeen, useDesk } from "../desk/state";
import { phaseOf } from "../queue/phase";

const RENEW_EVERY_MS = 20_000;

/** Returns what to call at each sign of work. */
export function useKeepClaim(item: CaseSummary, mine: boolean): () => void {
  const worked = useRef(false);
  const renewedMs = useRef<number | null>(null);
  const nowMs = useDesk((state) => state.nowMs);
  const held = mine && phaseOf(item) === "held";
  useEffect(() => {
    if (!held || nowMs === null) return;
    renewedMs.current ??= nowMs;
    if (!worked.current || nowMs - renewedMs.current < RENEW_EVERY_MS) return;
    worked.current = false;
    renewedMs.current = nowMs;
    void renew(item.id);
  }, [held, nowMs, item.id]);
  return () => {
    worked.current = true;
    if (held) markSeen(item.id, item.rings);
  };
}
