/** Lets the bell follow the live cases. */
import { useEffect } from "react";

import { useLiveCases } from "../api/queries";
import { armQuietly, ring, ringingCases, silence } from "./sounds";
import { markSeen, useDesk } from "./state";

export function useRinging(userId: string): void {
  const live = useLiveCases();
  const seen = useDesk((state) => state.seenRings);
  useEffect(() => {
    for (const item of live.values()) {
      if (item.owner?.id === userId && !seen.has(item.id)) markSeen(item.id, item.rings);
    }
    ring(ringingCases(live.values(), userId, seen));
  }, [live, seen, userId]);
  useEffect(() => silence, []);
  useEffect(() => {
    const gesture = (): void => void armQuietly();
    window.addEventListener("pointerdown", gesture);
    window.addEventListener("keydown", gesture);
    return () => {
      window.removeEventListener("pointerdown", gesture);
      window.removeEventListener("keydown", gesture);
    };
  }, []);
}
