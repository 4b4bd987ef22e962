import { useEffect, useRef, useState, type ReactElement } from "react";

import { useTexts, type Key } from "../texts/texts";
import type { Basemap } from "./basemap";
import type { Wgs } from "./datum";
import type { Scene } from "./scene";
import { theMap } from "./view";

interface CaseMapProps {
  scene: Scene;
  basemap: Basemap;
  /** What the map shows, in words. */
  said: string;
  /** What a press on the map does, if anything. */
  onPick?: (at: Wgs) => void;
}

/** What no provider has drawn is named by the console. */
const OWN_GROUND: Readonly<Partial<Record<Basemap["kind"], Key>>> = { schematic: "map.ground.schematic", geojson: "map.ground.geojson" };

/** The map in its frame, with buttons beside the gestures; everything it shows is also said in words. */
export function CaseMap({ scene, basemap, said, onPick }: CaseMapProps): ReactElement {
  const { t } = useTexts();
  const frame = useRef<HTMLDivElement>(null);
  const [failed, setFailed] = useState(false);
  const view = theMap(basemap);
  const label = `${t("map.title")}: ${said}`;
  useEffect(() => (frame.current === null ? undefined : view.attach(frame.current, () => setFailed(true))), [view]);
  useEffect(() => {
    view.element.setAttribute("role", "region");
    view.element.setAttribute("aria-label", label);
  }, [view, label]);
  useEffect(() => view.show(scene, { home: t("map.home_mark"), band: t("map.band_mark") }), [view, scene, t]);
  useEffect(() => view.onPick(onPick ?? null), [view, onPick]);
  const own = OWN_GROUND[basemap.kind];
  const approval = basemap.approval_no === null ? "" : ` · ${t("map.approval", { number: basemap.approval_no })}`;
  return (
    <div className="map-frame" ref={frame}>
      <p className="map-note">
        {basemap.attribution || (own === undefined ? "" : t(own))}
        {approval}
        {failed && <b> · {t("map.basemap_failed")}</b>}
      </p>
      <div className="map-buttons">
        <button type="button" className="plain" aria-label={t("map.zoom_in")} onClick={() => view.zoom(1)}>
          +
        </button>
        <button type="button" className="plain" aria-label={t("map.zoom_out")} onClick={() => view.zoom(-1)}>
          −
        </button>
        <button type="button" className="plain" aria-label={t("map.fit")} onClick={() => view.refit()}>
          ◎
        </button>
      </div>
    </div>
  );
}
