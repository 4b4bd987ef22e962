/** What the search and the pages of an elder and a bed read. */
import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";

import { answered, api, freshKey, type CaseSummary, type Schemas, type Trends } from "../api/client";
import { useDesk } from "../desk/state";

export type Hit = Schemas["ResidentHit"];
const FOUND = 12;

export function useSearch(text: string): UseQueryResult<Hit[]> {
  return useQuery({
    queryKey: ["search", text],
    queryFn: async () => {
      const query = { search: text, limit: FOUND };
      return (await answered(api.GET("/api/v1/residents", { params: { query } }))).items;
    },
    enabled: text !== "",
    placeholderData: keepPreviousData,
  });
}

export function useDevices(homeId: string | null): UseQueryResult<Schemas["Device"][]> {
  return useQuery({
    queryKey: ["devices", homeId],
    queryFn: async () => {
      const query = { home: homeId ?? "", limit: 50 };
      return (await answered(api.GET("/api/v1/devices", { params: { query } }))).items;
    },
    enabled: homeId !== null,
    refetchInterval: 15_000,
  });
}

export function useCasesOf(what: "resident" | "bed", id: string): UseQueryResult<CaseSummary[]> {
  return useQuery({
    queryKey: ["cases-of", what, id],
    queryFn: async () => {
      const query = { limit: 20 };
      const asked =
        what === "resident"
          ? api.GET("/api/v1/residents/{resident_id}/cases", { params: { path: { resident_id: id }, query } })
          : api.GET("/api/v1/beds/{bed_id}/cases", { params: { path: { bed_id: id }, query } });
      return (await answered(asked)).items;
    },
  });
}

export function useBed(id: string): UseQueryResult<Schemas["BedDetail"]> {
  return useQuery({
    queryKey: ["bed", id],
    queryFn: () => answered(api.GET("/api/v1/beds/{bed_id}", { params: { path: { bed_id: id } } })),
  });
}

const MONTH_MS = 30 * 24 * 3_600_000;

export function useMonth(bedId: string, kind: string): UseQueryResult<Trends> {
  return useQuery({
    queryKey: ["month", bedId, kind],
    queryFn: () => {
      const until = useDesk.getState().nowMs ?? Date.now();
      const query = { kind: [kind], from: new Date(until - MONTH_MS).toISOString(), to: new Date(until).toISOString(), points: 360 };
      return answered(api.GET("/api/v1/beds/{bed_id}/trends", { params: { path: { bed_id: bedId }, query } }));
    },
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
}

export function openByHand(residentId: string, note: string): Promise<CaseSummary> {
  const headers = { "Idempotency-Key": freshKey() };
  const params = { path: { resident_id: residentId } };
  return answered(api.POST("/api/v1/residents/{resident_id}/case", { params, body: { note }, headers }));
}
