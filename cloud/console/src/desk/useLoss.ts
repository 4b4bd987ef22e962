/** Tells an operator whose case went to somebody else, or back to the queue, without their own doing. */
import { useEffect, useRef } from "react";

import { isGivenAway, type CaseSummary } from "../api/client";
import type { LiveCases } from "../api/queries";
import { phaseOf } from "../queue/phase";
import { nameOf } from "../queue/wording";
import { useTexts } from "../texts/texts";
import { tell } from "./state";

function isHeld(item: CaseSummary | undefined, userId: string): boolean {
  return item !== undefined && item.owner?.id === userId && phaseOf(item) === "held";
}

/** What one gives away oneself is no loss. */
export function useLoss(live: LiveCases, userId: string): void {
  const texts = useTexts();
  const before = useRef<LiveCases>(live);
  useEffect(() => {
    for (const item of before.current.values()) {
      const now = live.get(item.id);
      if (now === undefined || isGivenAway(item.id) || !isHeld(item, userId) || isHeld(now, userId)) continue;
      const who = nameOf(now, texts);
      if (now.state === "open") tell(texts.t("notice.back_in_queue", { who }));
      else if (phaseOf(now) === "held") tell(texts.t("notice.taken_over", { who, name: now.owner?.name ?? "" }));
    }
    before.current = live;
  }, [live, userId, texts]);
}
