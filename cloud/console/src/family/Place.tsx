/** Where the elder is: only where they agreed, and only when somebody asks, since each look is written down. */
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useState, type ReactElement } from "react";

import { answered, api } from "../api/client";
import { useSeat } from "../desk/context";
import { sceneOf, wordsOf } from "../map/words";
import { useTexts } from "../texts/texts";
import type { FamilyPage } from "./reading";

const CaseMap = lazy(async () => ({ default: (await import("../map/CaseMap")).CaseMap }));

const read = (id: string) =>
  answered(api.GET("/api/v1/family/residents/{resident_id}/whereabouts", { params: { path: { resident_id: id } } }));

interface Props {
  page: FamilyPage;
  nowMs: number;
}

function Shown({ page, nowMs }: Props): ReactElement {
  const { t } = useTexts();
  const { config } = useSeat();
  const found = useQuery({ queryKey: ["family-place", page.elder.id], queryFn: () => read(page.elder.id), staleTime: 0 });
  const place = found.data;
  const scene = useMemo(() => (place === undefined ? null : sceneOf(place, [])), [place]);
  if (found.isError) return <p role="alert">{t("family.place.failed")}</p>;
  if (place === undefined || scene === null) return <p className="quiet-note">{t("map.reading")}</p>;
  const said = wordsOf(place, nowMs, t).join(" · ");
  const nothing = scene.home === null && scene.fix === null;
  return (
    <>
      <p data-said>{nothing ? t("map.nothing") : said}</p>
      {!nothing && (
        <div className="family-map">
          <Suspense fallback={<p className="quiet-note">{t("app.loading")}</p>}>
            <CaseMap scene={scene} basemap={config.basemap} said={said} />
          </Suspense>
        </div>
      )}
      <button type="button" className="phone-button" onClick={() => void found.refetch()}>
        {t("family.place.again")}
      </button>
    </>
  );
}

export function Place({ page, nowMs }: Props): ReactElement | null {
  const { t } = useTexts();
  const [asked, ask] = useState("");
  if (!page.elder.location) return null;
  return (
    <section data-section="place">
      <h2>{t("family.place")}</h2>
      {asked === page.elder.id ? (
        <Shown page={page} nowMs={nowMs} />
      ) : (
        <button type="button" className="phone-button" onClick={() => ask(page.elder.id)}>
          {t("family.place.show")}
        </button>
      )}
      <p className="quiet-note">{t("family.place.note")}</p>
    </section>
  );
}
