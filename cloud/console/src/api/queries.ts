/** What the screen reads, and how the live feed changes it. */
import { QueryClient, useQuery, type Query, type UseQueryResult } from "@tanstack/react-query";

import {
  answered,
  api,
  ApiError,
  onSignedOut,
  rememberCsrf,
  type CaseDetail,
  type CaseSummary,
  type LastReading,
  type ResidentDetail,
  type SessionInfo,
} from "./client";
import { phaseOf } from "../queue/phase";
import { Newest, readNewest } from "./newest";

const AGAIN_MS = 5_000;

/** What a server could not answer is asked again until it can; a refusal is an answer. */
function askAgain({ state: { error, status } }: Query): number | false {
  const refused = error instanceof ApiError && error.status >= 400 && error.status < 500;
  return status === "error" && !refused ? AGAIN_MS : false;
}

export const queries = new QueryClient({
  defaultOptions: {
    queries: { refetchOnWindowFocus: false, retry: 1, networkMode: "always", staleTime: 5_000, refetchInterval: (query) => askAgain(query as Query) },
  },
});
onSignedOut(() => void queries.invalidateQueries({ queryKey: ["session"] }));

const SCREEN_LINK = /^#screen=(.+)$/;

/** A wall screen's own link opens it; who holds the cookie already needs no link. */
async function openByLink(): Promise<void> {
  const token = SCREEN_LINK.exec(window.location.hash)?.[1];
  if (token === undefined) return;
  const opened = api.POST("/api/v1/session/screen", { body: { token } });
  await answered(opened).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
  });
  history.replaceState(null, "", window.location.pathname);
}

/** The session, or null when nobody is signed in. */
async function readSession(): Promise<SessionInfo | null> {
  try {
    await openByLink();
    const session = await answered(api.GET("/api/v1/session"));
    rememberCsrf(session.csrf_token);
    return session;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** Looked at again when this page is: another tab of the browser may have signed in as somebody else. */
export function useSession(): UseQueryResult<SessionInfo | null> {
  return useQuery({ queryKey: ["session"], queryFn: readSession, staleTime: Infinity, refetchOnWindowFocus: "always" });
}

const readUiConfig = () => answered(api.GET("/api/v1/ui-config"));
export type UiConfig = Awaited<ReturnType<typeof readUiConfig>>;

export function useUiConfig(): UseQueryResult<UiConfig> {
  return useQuery({ queryKey: ["ui-config"], queryFn: readUiConfig, staleTime: Infinity, retry: true, retryDelay: 2_000 });
}

/** Live cases by id, as the snapshot and the feed have told them. */
export type LiveCases = ReadonlyMap<string, CaseSummary>;

const LIVE = ["cases", "live"];
const SNAPSHOT_LIMIT = 500;

/**
 * Every live case, and the feed position of the first page. The newest come first: an old alarm behind a flood of
 * technical ones is on a later page. What changes meanwhile is told by the feed.
 */
async function readPages(before?: number): Promise<{ items: CaseSummary[]; seq: number }> {
  const query = { state: "live", limit: SNAPSHOT_LIMIT, ...(before === undefined ? {} : { before }) } as const;
  const { items, seq } = await answered(api.GET("/api/v1/cases", { params: { query } }));
  if (items.length < SNAPSHOT_LIMIT) return { items, seq };
  return { items: [...items, ...(await readPages(items.at(-1)?.number)).items], seq };
}

/** Reads the live cases and keeps them; returns the feed position of the snapshot. */
export async function readLiveCases(): Promise<number> {
  const { items, seq } = await readPages();
  newest.forget();
  for (const item of items) newest.heard(item.id, item.version);
  queries.setQueryData<LiveCases>(LIVE, new Map(items.map((item) => [item.id, item])));
  void queries.invalidateQueries({ queryKey: ["case"] });
  return seq;
}

const newest = new Newest();
const NONE: LiveCases = new Map();

export function useLiveCases(): LiveCases {
  return useQuery({ queryKey: LIVE, queryFn: () => NONE, enabled: false, initialData: NONE }).data;
}

/** Puts a case as told by the feed or by a command into every list that shows it; an older version changes nothing. */
export function takeCase(item: CaseSummary): void {
  newest.heard(item.id, item.version);
  queries.setQueryData<LiveCases>(LIVE, (before = NONE) => {
    if ((before.get(item.id)?.version ?? 0) > item.version) return before;
    const after = new Map(before);
    if (phaseOf(item) === "over") after.delete(item.id);
    else after.set(item.id, item);
    return after;
  });
  queries.setQueryData<CaseDetail>(["case", item.id], (before) =>
    before === undefined || before.version > item.version ? before : { ...before, ...item },
  );
  void queries.invalidateQueries({ queryKey: ["case", item.id] });
  if (phaseOf(item) === "over") void queries.invalidateQueries({ queryKey: ["cases", "closed"] });
  if (item.class === "technical") void queries.invalidateQueries({ queryKey: ["shelved"] });
}

/** All of a case. A change that is told while the first read is under way only joins that read: then it is read again. */
export function useCase(id: string): UseQueryResult<CaseDetail> {
  const params = { path: { case_id: id } };
  const read = (): Promise<CaseDetail> => answered(api.GET("/api/v1/cases/{case_id}", { params }));
  return useQuery({ queryKey: ["case", id], queryFn: () => readNewest(read, () => newest.of(id)) });
}

/** The newest closed cases, by when they were opened (`number`) or closed. */
export function useClosedCases(by: "number" | "closed_at", limit: number): UseQueryResult<CaseSummary[]> {
  const query = { state: "closed", by, limit } as const;
  const queryFn = async (): Promise<CaseSummary[]> => (await answered(api.GET("/api/v1/cases", { params: { query } }))).items;
  return useQuery({ queryKey: ["cases", "closed", by], queryFn });
}

const LAST_EVERY_MS = 5_000;

/** The newest values of the resident's devices, read again each 5 s; undefined when there is no resident. */
export function useLastReadings(residentId: string | null): UseQueryResult<LastReading[]> {
  return useQuery({
    queryKey: ["last", residentId],
    queryFn: async () => {
      const params = { path: { resident_id: residentId ?? "" } };
      return (await answered(api.GET("/api/v1/residents/{resident_id}/last", { params }))).items;
    },
    enabled: residentId !== null,
    refetchInterval: LAST_EVERY_MS,
    refetchIntervalInBackground: true,
  });
}

/** The elder as registered now: telephones, personal limits. */
export function useResident(residentId: string | null): UseQueryResult<ResidentDetail> {
  return useQuery({
    queryKey: ["resident", residentId],
    queryFn: () => {
      const params = { path: { resident_id: residentId ?? "" } };
      return answered(api.GET("/api/v1/residents/{resident_id}", { params }));
    },
    enabled: residentId !== null,
    staleTime: 60_000,
  });
}
