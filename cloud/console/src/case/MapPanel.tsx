import { useMemo, type ReactElement } from "react";

import type { CaseSummary } from "../api/client";
import { useSeat } from "../desk/context";
import { useDesk } from "../desk/state";
import { CaseMap } from "../map/CaseMap";
import type { Scene } from "../map/scene";
import { phaseOf } from "../queue/phase";
import { useTexts, type Key, type Texts } from "../texts/texts";
import { age, instant } from "../time/format";
import { useCandidates, useWhereabouts, type Candidate, type Whereabouts } from "./sending";

const KILOMETRE = 1000;

function distance(metres: number, t: Texts["t"]): string {
  return metres < KILOMETRE
    ? t("map.from_home_m", { metres })
    : t("map.from_home_km", { km: (metres / KILOMETRE).toFixed(1) });
}

/** What the map says, in words: the map is never the only source. */
function wordsOf(found: Whereabouts, nowMs: number, t: Texts["t"]): string[] {
  const { fix, home } = found;
  if (fix === null) return [t("map.no_fix"), ...(home === null ? [t("map.no_home")] : [])];
  const { count, unit } = age(nowMs - (instant(fix.at) ?? nowMs));
  const words = [t("map.band"), t(`age.${unit}` as Key, { count })];
  if (fix.accuracy_m !== null) words.push(t("map.accuracy", { metres: Math.round(fix.accuracy_m) }));
  if (fix.inside !== null) words.push(t(fix.inside ? "map.inside" : "map.outside"));
  words.push(fix.distance_m === null ? t("map.no_home") : distance(fix.distance_m, t));
  return words;
}

function sceneOf({ home, fence, ring, fix }: Whereabouts, candidates: readonly Candidate[]): Scene {
  const responders = candidates.flatMap(({ staff_id, name, minutes, standing, lat, lon }) =>
    lat === null || lon === null ? [] : [{ id: staff_id, name, at: { lat, lon }, minutes, free: standing === "free" }],
  );
  return {
    home: home === null ? null : { at: home, label: home.label },
    fence: fence === null ? null : { at: fence, radiusM: fence.radius_m },
    ring,
    fix: fix === null ? null : { at: fix, accuracyM: fix.accuracy_m },
    responders,
  };
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
  const scene = useMemo(() => (shown === undefined ? null : sceneOf(shown, candidates ?? [])), [shown, candidates]);
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
