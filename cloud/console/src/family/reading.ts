/** What the family's phone reads. */
import { useQuery, type UseQueryResult } from "@tanstack/react-query";

import { answered, api } from "../api/client";
import { queries } from "../api/queries";
import { useDesk } from "../desk/state";

const readElders = () => answered(api.GET("/api/v1/family/residents"));
const readPage = (id: string) =>
  answered(api.GET("/api/v1/family/residents/{resident_id}", { params: { path: { resident_id: id } } }));

export type Elders = Awaited<ReturnType<typeof readElders>>;
export type Elder = Elders["items"][number];
export type FamilyPage = Awaited<ReturnType<typeof readPage>>;
export type FamilyCase = FamilyPage["cases"][number];
export type FamilyStep = FamilyCase["steps"][number];
export type FamilyFact = FamilyPage["now"][number];

const LIVE_EVERY_MS = 30_000;
const ALONE_EVERY_MS = 15_000;

/** Reads the elders; the feed goes on from the answer's position. */
export async function readSnapshot(): Promise<number> {
  const found = await readElders();
  queries.setQueryData<Elders>(["family"], found);
  return found.seq;
}

/** Something has changed: what is shown is read anew; a page's first read may be older, and invalidating it would join it. */
export async function readAnew(): Promise<void> {
  void queries.invalidateQueries({ queryKey: ["family"] });
  await queries.cancelQueries({ queryKey: ["family-page"] });
  await queries.invalidateQueries({ queryKey: ["family-page"] });
}

export function useElders(): UseQueryResult<Elders> {
  return useQuery({ queryKey: ["family"], queryFn: readElders });
}

/** One elder's page, read again from time to time, more often while the line is down. */
export function usePage(id: string): UseQueryResult<FamilyPage> {
  const live = useDesk((state) => state.link === "live");
  return useQuery({
    queryKey: ["family-page", id],
    queryFn: () => readPage(id),
    enabled: id !== "",
    refetchInterval: live ? LIVE_EVERY_MS : ALONE_EVERY_MS,
  });
}
