/** The figures of a time, by seat, shift or district. */
import { answered, api } from "../api/client";

export type Group = "seat" | "shift" | "district";
export const GROUPS: readonly Group[] = ["seat", "shift", "district"];

export function readKpi(span: { from: string; to: string }, group: Group, area: string) {
  const query = { ...span, group, ...(area === "" ? {} : { area }) };
  return answered(api.GET("/api/v1/kpi", { params: { query } }));
}

export type Report = Awaited<ReturnType<typeof readKpi>>;
