import { useState, type ReactElement } from "react";

import type { Schemas } from "../api/client";
import { sourceOf } from "../case/Trends";
import { unitOf } from "../case/vitals";
import { useSeat } from "../desk/context";
import { Panel } from "../look/Panel";
import { Records } from "../technician/Records";
import { useTexts } from "../texts/texts";
import { dateAndTime, instant } from "../time/format";
import { Chart } from "../trends/Chart";
import { axisOf, commonGaps, extremesOf, linesOf, windowOf, type Gap } from "../trends/curves";
import { CasesOf } from "./CasesOf";
import { useBed, useMonth } from "./queries";
import { Back } from "./ResidentView";
import { look } from "./state";

/** Who answers for the homes sees how they were handed over. */
const CHIEFS: ReadonlySet<string> = new Set(["supervisor", "admin"]);
const KINDS = ["heart_rate", "resp_rate", "spo2", "restlessness"] as const;

function useSpan(): (since: string | null, until: string | null) => string {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const day = (iso: string | null): string | null => {
    const at = instant(iso);
    return at === null ? null : dateAndTime(at, zone).slice(0, -3);
  };
  return (since, until) => t("bed.from_to", { from: day(since) ?? "…", to: day(until) ?? t("bed.now") });
}

function Month({ bedId }: { bedId: string }): ReactElement {
  const { t, term } = useTexts();
  const zone = useSeat().config.time_zone;
  const [kind, setKind] = useState<(typeof KINDS)[number]>("heart_rate");
  const month = useMonth(bedId, kind);
  const buttons = (
    <span className="ranges" role="group" aria-label={t("bed.trend")}>
      {KINDS.map((one) => (
        <button key={one} type="button" className="plain" aria-pressed={one === kind} onClick={() => setKind(one)}>
          {term("reading", one)}
        </button>
      ))}
    </span>
  );
  const trends = month.data;
  const lines = trends === undefined ? [] : linesOf(trends, kind);
  const found = extremesOf(lines);
  const unit = unitOf(trends?.curves[0]?.unit ?? "");
  const reason = (gap: Gap): string => t(gap.reason === "no_device" ? "trends.no_device" : `gap.${gap.reason}`);
  const words = { what: term("reading", kind), gaps: t("bed.trend") };
  return (
    <Panel name="month" title={t("bed.trend")} aside={buttons}>
      {trends === undefined ? (
        <p className="label">{t(month.isError ? "trends.unreadable" : "trends.reading")}</p>
      ) : (
        <Chart
          picture={{
            lines,
            gaps: commonGaps(lines, windowOf(trends)),
            band: null,
            window: windowOf(trends),
            alarmMs: null,
            reason,
            source: (line) => sourceOf(line.device, term),
          }}
          axis={axisOf(kind, lines, null)}
          time={(ms) => dateAndTime(ms, zone).slice(0, 5)}
          zone={zone}
          last
          label={found === null ? t("trends.chart_empty", words) : t("trends.chart", { ...words, ...found, unit })}
        />
      )}
    </Panel>
  );
}

function Absences({ states }: { states: Schemas["BedDetail"]["states"] }): ReactElement {
  const { t } = useTexts();
  const span = useSpan();
  const away = states.filter((state) => state.state !== "active");
  return (
    <Panel name="absences" title={t("bed.states")}>
      {away.length === 0 && <p className="label">{t("bed.nothing")}</p>}
      <ul className="lines">
        {away.map((state) => (
          <li key={state.resident_id + state.since}>
            <span>
              {state.name} <b>{t(`resident.state.${state.state}`)}</b> {state.place}
            </span>
            <span>{span(state.since, state.until)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Checks({ home }: { home: string }): ReactElement | null {
  const { t } = useTexts();
  const { user } = useSeat();
  if (!CHIEFS.has(user.role)) return null;
  return (
    <Panel name="checks" title={t("tech.records")}>
      <Records home={home} />
    </Panel>
  );
}

/** The history of a bed: who lived in it, what was installed, when they were away, its cases and 30 days. */
export function BedView({ id }: { id: string }): ReactElement {
  const { t, term } = useTexts();
  const span = useSpan();
  const { mayAct } = useSeat();
  const { data: bed, isError } = useBed(id);
  if (bed === undefined) {
    return (
      <section className="case-empty panel">
        <p>{t(isError ? "resident.unreadable" : "resident.reading")}</p>
        <Back />
      </section>
    );
  }
  const place = [bed.area, bed.place, bed.label].filter((part) => part !== "").join(" ");
  return (
    <article className="case resident" aria-label={t("bed.history", { place })}>
      <header className="identity panel">
        <p className="address">
          <b>{place}</b>
        </p>
      </header>
      <div className="bed-body">
        {mayAct && <Month bedId={id} />}
        <Panel name="stays" title={t("bed.stays")}>
          <ul className="lines">
            {bed.stays.map((stay) => (
              <li key={stay.resident_id + stay.since}>
                <button type="button" className="link-button" onClick={() => look("resident", stay.resident_id)}>
                  {stay.name}
                </button>
                <span>{span(stay.since, stay.until)}</span>
              </li>
            ))}
          </ul>
        </Panel>
        <Panel name="installed" title={t("bed.installed")}>
          <ul className="lines">
            {bed.installations.map((one) => (
              <li key={one.device + one.since}>
                <span>
                  <b>{sourceOf(one.device, term)}</b> <span className="label">{one.device}</span>
                </span>
                <span>{span(one.since, one.until)}</span>
              </li>
            ))}
          </ul>
        </Panel>
        <Absences states={bed.states} />
        <Checks home={bed.home_id} />
        <CasesOf what="bed" id={id} />
      </div>
      <footer className="actions">
        <Back />
      </footer>
    </article>
  );
}
