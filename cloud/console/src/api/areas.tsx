/** The areas that the reader may see, and what a code is called. */
import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";

import { useTexts } from "../texts/texts";
import { answered, api } from "./client";

const LIMIT = 500;
const KEPT_MS = 600_000;

function useFound(): readonly { code: string; name: string }[] {
  const found = useQuery({
    queryKey: ["admin", "all-areas"],
    queryFn: () => answered(api.GET("/api/v1/areas", { params: { query: { limit: LIMIT } } })),
    staleTime: KEPT_MS,
  });
  return found.data?.items ?? [];
}

/** Code and name of each area. */
export function useAreas(): readonly (readonly [string, string])[] {
  return useFound().map(({ code, name }) => [code, `${name} ${code}`]);
}

/** An area's name; its code where that is not known (yet). */
export function useAreaName(): (code: string) => string {
  const { t } = useTexts();
  const found = useFound();
  return (code) => (code === "" ? t("area.everywhere") : (found.find((area) => area.code === code)?.name ?? code));
}

export function AreaName({ code }: { code: string }): ReactElement {
  return <span title={code}>{useAreaName()(code)}</span>;
}
