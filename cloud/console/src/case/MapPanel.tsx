import { useMemo, type ReactElement } from "react";

import type { CaseSummary } from "../api/client";
import { useSeat } from "../desk/context";
import { useDesk } from "../desk/state";
import { CaseMap } from "../map/CaseMap";
import type { Going } from "../map/scene";
import { sceneOf, wordsOf } from "../map/words";
import { phaseOf } from "../queue/phase";
import { useTexts, type Key } from "../texts/texts";
import { useCandidates, useWhereabouts, type Candidate } from "./sending";

function goingOf(candidates: readonly Candidate[]): Going[] {
  return candidates.flatMap(({ staff_id, name, minutes, standing, lat, lon }) =>
    lat === null || lon === null ? [] : [{ id: staff_id, name, at: { lat, lon }, minutes, free: standing === "free" }],
  );
}

function whyNot(mayLook: boolean, live: boolean, failed: boolean): Key {
  if (!mayLook) return "map.not_for_role";
  if (!live) return "map.ended";
  return failed ? "map.unreadable" : "map.reading";
}

/** Home, wristband, fence and responders of a live case, in words and on a map. */
export function MapPanel({ item }: { item: CaseSummary }): ReactElement {
  const { t } = useTexts();
  const { config, mayAct } = useSeat();
  const nowMs = useDesk((state) => state.nowMs) ?? 0;
  const phase = phaseOf(item);
  const live = phase === "waiting" || phase === "held";
  const found = useWhereabouts(item.id, mayAct && live);
  const candidates = useCandidates(item.id, mayAct && live).data;
  const shown = live && mayAct ? found.data : undefined;
  const scene = useMemo(() => (shown === undefined ? null : sceneOf(shown, goingOf(candidates ?? []))), [shown, candidates]);
  const said = shown === undefined ? "" : wordsOf(shown, nowMs, t).join(" · ");
  const nothing = scene !== null && scene.home === null && scene.fix === null;
  return (
    <section className="panel titled map" data-panel="map" aria-label={t("map.title")}>
      <h3>
        {t("map.title")}
        <span className="aside">{said}</span>
      </h3>
      {scene === null && <p className="label map-empty">{t(whyNot(mayAct, live, found.isError))}</p>}
      {nothing && <p className="label map-empty">{t("map.nothing")}</p>}
      {scene !== null && !nothing && <CaseMap scene={scene} basemap={config.basemap} said={said} />}
    </section>
  );
}
