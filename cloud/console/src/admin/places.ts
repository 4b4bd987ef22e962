/** The areas and organisations that forms and filters offer. */
import { useQuery } from "@tanstack/react-query";

import { answered, api } from "../api/client";
import { queries } from "../api/queries";

export type Choice = readonly [string, string];

const LIMIT = 500;

/** Code and name of each area. */
export function useAreas(): readonly Choice[] {
  const found = useQuery({
    queryKey: ["admin", "all-areas"],
    queryFn: () => answered(api.GET("/api/v1/areas", { params: { query: { limit: LIMIT } } })),
  });
  return (found.data?.items ?? []).map(({ code, name }) => [code, `${name} ${code}`]);
}

/** Id and name of each organisation. */
export function useOrgs(): readonly Choice[] {
  const found = useQuery({
    queryKey: ["admin", "all-orgs"],
    queryFn: () => answered(api.GET("/api/v1/orgs", { params: { query: { limit: LIMIT } } })),
  });
  return (found.data?.items ?? []).map(({ id, name }) => [id, name]);
}

/** After a change everything shown is read again. */
export function readAgain(): Promise<void> {
  return queries.invalidateQueries({ queryKey: ["admin"] });
}
