/** The organisations and homes that forms, filters and lists offer. */
import { useQuery } from "@tanstack/react-query";

import { answered, api } from "../api/client";
import { queries } from "../api/queries";
import { PAGE } from "./List";

export type Choice = readonly [string, string];

const LIMIT = 500;

/** Id and name of each organisation. */
export function useOrgs(): readonly Choice[] {
  const found = useQuery({
    queryKey: ["admin", "all-orgs"],
    queryFn: () => answered(api.GET("/api/v1/orgs", { params: { query: { limit: LIMIT } } })),
  });
  return (found.data?.items ?? []).map(({ id, name }) => [id, name]);
}

/** One page of the homes of an area that a text names, after the last one of the page before. */
export async function readHomes(area: string, text: string, after?: string) {
  const query = { area, text, limit: PAGE, ...(after === undefined ? {} : { after }) };
  return (await answered(api.GET("/api/v1/homes", { params: { query } }))).items;
}

/** One home with its beds. */
export const readHome = (id: string) => answered(api.GET("/api/v1/homes/{home_id}", { params: { path: { home_id: id } } }));

/** After a change everything shown is read again. */
export function readAgain(): Promise<void> {
  return queries.invalidateQueries({ queryKey: ["admin"] });
}
