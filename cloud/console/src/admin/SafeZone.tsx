import { useCallback, useMemo, useState, type ReactElement } from "react";

import { answered, api } from "../api/client";
import { useSeat } from "../desk/context";
import { CaseMap } from "../map/CaseMap";
import { fromBasemap, type Crs, type Wgs } from "../map/datum";
import type { Scene } from "../map/scene";
import { useTexts, type Key } from "../texts/texts";
import { Form, Refused, type Field } from "./Form";
import { cornersOf, textOf } from "./geojson";
import { readAgain, type readHome } from "./places";

type HomeDetail = Awaited<ReturnType<typeof readHome>>;

const DATUMS = [
  ["WGS84", "zone.wgs84"],
  ["GCJ02", "zone.gcj02"],
  ["BD09", "zone.bd09"],
] as const satisfies readonly (readonly [Crs, Key])[];

const RADIUS: readonly Field[] = [{ name: "radius", label: "admin.radius" }];

/** The corners that the text means, in WGS-84: converted here once, whatever map they were copied from. */
function useRing(before: readonly Wgs[]) {
  const [text, setText] = useState(() => textOf(before));
  const [datum, setDatum] = useState<Crs>("WGS84");
  const corners = useMemo(
    () => (text.trim() === "" ? [] : (cornersOf(text)?.map((corner) => fromBasemap(corner, datum)) ?? null)),
    [text, datum],
  );
  const draw = useCallback((drawn: readonly Wgs[]) => {
    setDatum("WGS84");
    setText(textOf(drawn));
  }, []);
  return { text, setText, datum, setDatum, corners, draw };
}

interface MapPartProps {
  home: HomeDetail;
  corners: readonly Wgs[];
  draw: (corners: readonly Wgs[]) => void;
}

/** What is drawn on the map, and the buttons beside the pressing. */
function MapPart({ home, corners, draw }: MapPartProps): ReactElement {
  const { t } = useTexts();
  const { config } = useSeat();
  const pick = useCallback((at: Wgs) => draw([...corners, at]), [draw, corners]);
  const scene = useMemo<Scene>(() => {
    const gate = home.gate;
    const circle = gate !== null && home.safe_radius_m !== null && corners.length === 0;
    return {
      home: gate === null ? null : { at: gate, label: "" },
      fence: circle ? { at: gate, radiusM: home.safe_radius_m ?? 0 } : null,
      ring: corners,
      drawing: true,
      fix: null,
      responders: [],
    };
  }, [home, corners]);
  if (home.gate === null && corners.length === 0) return <p className="aside">{t("zone.no_gate")}</p>;
  return (
    <>
      <div className="zone-map">
        <CaseMap scene={scene} basemap={config.basemap} said={t("zone.corners", { count: corners.length })} onPick={pick} />
      </div>
      <p className="filters">
        <span>{t("zone.corners", { count: corners.length })}</span>
        <button type="button" className="plain" disabled={corners.length === 0} onClick={() => draw(corners.slice(0, -1))}>{t("zone.undo")}</button>
        <button type="button" className="plain" disabled={corners.length === 0} onClick={() => draw([])}>{t("zone.clear")}</button>
      </p>
    </>
  );
}

/** How far from home its people may go: a circle round the gate, or a ring that is drawn or pasted. */
export function SafeZone({ home }: { home: HomeDetail }): ReactElement {
  const { t } = useTexts();
  const { text, setText, datum, setDatum, corners, draw } = useRing(home.safe_ring ?? []);
  const save = async ({ radius = "" }: Readonly<Record<string, string>>): Promise<void> => {
    if (corners === null) throw new Refused(t("zone.unreadable"));
    if (corners.length > 0 && corners.length < 3) throw new Refused(t("zone.too_few"));
    const body = {
      revision: home.revision,
      radius_m: radius === "" ? null : Number(radius),
      ring: corners.length === 0 ? null : [...corners],
    };
    await answered(api.PUT("/api/v1/homes/{home_id}/safe-zone", { params: { path: { home_id: home.id } }, body }));
    await readAgain();
  };
  return (
    <section>
      <h3>{t("zone.title")}</h3>
      <p>{t("zone.how")}</p>
      <Form label={t("zone.title")} fields={RADIUS} initial={{ radius: String(home.safe_radius_m ?? "") }} action="admin.save" save={save}>
        <div className="field wide">
          <MapPart home={home} corners={corners ?? []} draw={draw} />
        </div>
        <div className="field wide">
          <label htmlFor="zone-text">{t("zone.geojson")}</label>
          <textarea id="zone-text" rows={3} value={text} aria-invalid={corners === null} onChange={(event) => setText(event.target.value)} />
          <p className="wrong">{corners === null && t("zone.unreadable")}</p>
        </div>
        <div className="field">
          <label htmlFor="zone-datum">{t("zone.datum")}</label>
          <select id="zone-datum" value={datum} onChange={(event) => setDatum(event.target.value as Crs)}>
            {DATUMS.map(([code, word]) => (
              <option key={code} value={code}>{t(word)}</option>
            ))}
          </select>
        </div>
      </Form>
    </section>
  );
}
