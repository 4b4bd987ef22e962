/** What the desk reads besides cases while nothing is open: figures, hand-over notes, calls and messages that wait. */
import { useQuery, type UseQueryResult } from "@tanstack/react-query";

import { answered, api, freshKey, type PhoneCall, type PhoneCallPop } from "../api/client";
import { queries } from "../api/queries";

const readFigures = () => answered(api.GET("/api/v1/desk/figures"));
export type DeskFigures = Awaited<ReturnType<typeof readFigures>>;
const FIGURES_EVERY_MS = 60_000;

/** Today's figures and those of one's own shift, read once a minute. */
export function useFigures(): UseQueryResult<DeskFigures> {
  return useQuery({
    queryKey: ["figures"],
    queryFn: readFigures,
    refetchInterval: FIGURES_EVERY_MS,
    refetchIntervalInBackground: true,
    staleTime: 20_000,
  });
}

const readNotes = async () => (await answered(api.GET("/api/v1/shift-notes", { params: { query: {} } }))).items;
export type ShiftNote = Awaited<ReturnType<typeof readNotes>>[number];
export const NOTES = ["shift-notes"];
const NOTES_EVERY_MS = 300_000;

/** The newest notes, newest first; the live line says when there is another one. */
export function useNotes(): UseQueryResult<ShiftNote[]> {
  return useQuery({ queryKey: NOTES, queryFn: readNotes, refetchInterval: NOTES_EVERY_MS });
}

/** Leaves a note; the same key never leaves it twice. */
export async function writeNote(text: string, key: string): Promise<void> {
  const params = { header: { "Idempotency-Key": key } };
  await answered(api.POST("/api/v1/shift-notes", { params, body: { text } }));
  await queries.invalidateQueries({ queryKey: NOTES });
}

const readCalls = async () => (await answered(api.GET("/api/v1/telephony/calls", { params: { query: { limit: 100 } } }))).items;

/** The latest calls of the area, newest first; only where there is a telephone system. */
export function useLatestCalls(enabled: boolean): UseQueryResult<PhoneCall[]> {
  return useQuery({ queryKey: ["phone", "latest"], queryFn: readCalls, enabled });
}

/** A call and who may have called. */
export function useCaller(id: string, enabled: boolean): UseQueryResult<PhoneCallPop> {
  const params = { path: { call_id: id } };
  const queryFn = () => answered(api.GET("/api/v1/telephony/calls/{call_id}", { params }));
  return useQuery({ queryKey: ["phone", "caller", id], queryFn, enabled });
}

const readOverdue = async () =>
  (await answered(api.GET("/api/v1/notifications/overdue", { params: { query: {} } }))).items;
export type OverdueMessage = Awaited<ReturnType<typeof readOverdue>>[number];
const OVERDUE = ["overdue"];
const OVERDUE_EVERY_MS = 60_000;

/** Messages that came to nothing, of which people must be told by telephone. */
export function useOverdue(): UseQueryResult<OverdueMessage[]> {
  return useQuery({ queryKey: OVERDUE, queryFn: readOverdue, refetchInterval: OVERDUE_EVERY_MS });
}

/** Somebody told the person. */
export async function messageDone(id: string): Promise<void> {
  const params = { path: { notification_id: id }, header: { "Idempotency-Key": freshKey() } };
  await answered(api.POST("/api/v1/notifications/{notification_id}/done", { params }));
  await queries.invalidateQueries({ queryKey: OVERDUE });
}
