/** What the desk reads besides its cases: who is here, what is set aside, what stands behind a line, the road. */
import { useQuery, type UseQueryResult } from "@tanstack/react-query";

import { answered, api } from "./client";

const readSeats = async () => (await answered(api.GET("/api/v1/seats"))).items;
export type LivingSeat = Awaited<ReturnType<typeof readSeats>>[number];
const SEATS_EVERY_MS = 5_000;

/** Who is at the desk now, read again each 5 s. */
export function useSeats(): UseQueryResult<LivingSeat[]> {
  return useQuery({ queryKey: ["seats"], queryFn: readSeats, refetchInterval: SEATS_EVERY_MS, staleTime: 0 });
}

const readShelved = async () => (await answered(api.GET("/api/v1/shelved"))).items;
export type ShelvedCase = Awaited<ReturnType<typeof readShelved>>[number];

/** What is set aside, by whom and why; read only while it is looked at. */
export function useShelved(enabled: boolean): UseQueryResult<ShelvedCase[]> {
  return useQuery({ queryKey: ["shelved"], queryFn: readShelved, enabled });
}

const readChildren = (id: string) =>
  answered(api.GET("/api/v1/cases/{case_id}/children", { params: { path: { case_id: id } } }));
export type CaseChildren = Awaited<ReturnType<typeof readChildren>>;

/** The cases behind a line, and whom to call. */
export function useChildren(id: string, version: number): UseQueryResult<CaseChildren> {
  return useQuery({ queryKey: ["children", id, version], queryFn: () => readChildren(id), staleTime: 30_000 });
}

const readRoad = async () => (await answered(api.GET("/api/v1/health"))).canary;
export type Road = Awaited<ReturnType<typeof readRoad>>;
const ROAD_EVERY_MS = 20_000;

/** Whether a test alarm still comes through from a gateway to a screen; also asked when the feed speaks of it. */
export function useRoad(): UseQueryResult<Road> {
  return useQuery({ queryKey: ["road"], queryFn: readRoad, refetchInterval: ROAD_EVERY_MS, refetchIntervalInBackground: true });
}
