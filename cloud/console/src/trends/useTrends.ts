/** What the curves are drawn from, read again while the window moves. */
import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";

import { answered, api, type News2, type Trends } from "../api/client";
import { useDesk } from "../desk/state";

export const RANGES = { minutes_30: 30 * 60_000, hours_6: 6 * 3_600_000, hours_24: 24 * 3_600_000 } as const;
export type Range = keyof typeof RANGES;

const SOON_MS = 10_000;
const LATER_MS = 60_000;
const POINTS = 300;

/** Curves of a resident up to now, or up to `endMs`. Nothing is asked before the server's time is known. */
export function useTrends(
  residentId: string | null,
  kinds: readonly string[],
  range: Range,
  endMs: number | null,
): UseQueryResult<Trends> {
  const timed = useDesk((state) => state.nowMs !== null);
  return useQuery({
    queryKey: ["trends", residentId, range, endMs, ...kinds],
    queryFn: () => {
      const until = endMs ?? useDesk.getState().nowMs ?? Date.now();
      const query = {
        kind: [...kinds],
        from: new Date(until - RANGES[range]).toISOString(),
        to: new Date(until).toISOString(),
        points: POINTS,
      };
      const params = { path: { resident_id: residentId ?? "" }, query };
      return answered(api.GET("/api/v1/residents/{resident_id}/trends", { params }));
    },
    enabled: residentId !== null && timed,
    placeholderData: keepPreviousData,
    refetchInterval: endMs !== null ? false : range === "minutes_30" ? SOON_MS : LATER_MS,
    refetchIntervalInBackground: true,
  });
}

const SCORE_EVERY_MS = 30_000;

export function useNews2(residentId: string | null): UseQueryResult<News2> {
  return useQuery({
    queryKey: ["news2", residentId],
    queryFn: () => {
      const params = { path: { resident_id: residentId ?? "" } };
      return answered(api.GET("/api/v1/residents/{resident_id}/news2", { params }));
    },
    enabled: residentId !== null,
    refetchInterval: SCORE_EVERY_MS,
  });
}
