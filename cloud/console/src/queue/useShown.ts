/** Tells the cloud once for each case and ring that its row was really painted on this seat's screen. */
import { useEffect, type RefObject } from "react";

import { useDesk } from "../desk/state";
import { say } from "../live/useLiveFeed";

const told = new Set<string>();

export function useShown(row: RefObject<HTMLElement | null>, caseId: string, rings: number, waiting: boolean): void {
  const live = useDesk((state) => state.link === "live");
  useEffect(() => {
    const element = row.current;
    const key = `${caseId}/${rings}`;
    if (element === null || !waiting || !live || told.has(key)) return undefined;
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting) || told.has(key)) return;
      if (say({ type: "shown", case_id: caseId, rings })) told.add(key);
      observer.disconnect();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [row, caseId, rings, waiting, live]);
}
