import { useState, type ReactElement } from "react";

import type { CaseSummary, LastReading, Trends as Curves } from "../api/client";
import { useLastReadings, useResident } from "../api/queries";
import { useSeat } from "../desk/context";
import { useDesk } from "../desk/state";
import { Panel } from "../look/Panel";
import { useTexts, type TextKey, type Texts } from "../texts/texts";
import { age, instant, timeOfDay } from "../time/format";
import { BedStrip } from "../trends/BedStrip";
import { Chart } from "../trends/Chart";
import { axisOf, bandOf, bedSpansOf, commonGaps, extremesOf, linesOf, windowOf, type Band, type Gap } from "../trends/curves";
import { Score } from "../trends/Score";
import "../trends/trends.css";
import { RANGES, useTrends, type Range } from "../trends/useTrends";
import { statesOf, unitOf, vitalsOf, type State, type Vital } from "./vitals";
import "./vitals.css";

/** Those with a curve; blood pressure and temperature are shown as last values. */
const DRAWN = ["heart_rate", "resp_rate", "spo2"] as const;
const AFTER_CLOSE_MS = 60_000;

function useAge(): (atMs: number) => string {
  const { t } = useTexts();
  const now = useDesk((state) => state.nowMs) ?? 0;
  return (atMs) => {
    const { count, unit } = age(now - atMs);
    return t(`age.${unit}` as TextKey, { count });
  };
}

/** "手表" for watch-8800000015; the id itself when its family is not known. */
export function sourceOf(device: string, term: Texts["term"]): string {
  const family = device.split("-")[0] ?? "";
  const word = term("source", family);
  return word === family ? device : word;
}

export function bandWords({ low, high }: Band, t: Texts["t"]): string {
  if (low !== null && high !== null) return t("vitals.band", { low, high });
  return low === null ? `(≤ ${high})` : `(≥ ${low})`;
}

function Value({ vital }: { vital: Vital }): ReactElement {
  const { t, term } = useTexts();
  const ago = useAge();
  const outside = vital.arrow !== null;
  const unit = vital.unit === "/min" ? t("unit.per_minute") : vital.unit;
  return (
    <div className="vital" data-outside={outside || undefined} data-old={vital.old || undefined}>
      <dt>{term("reading", vital.kind)}</dt>
      <dd className="value">
        {vital.value ?? t("none")}
        {vital.arrow !== null && (
          <span role="img" aria-label={t(vital.arrow === "up" ? "vitals.above" : "vitals.below")}>
            {vital.arrow === "up" ? " ↑" : " ↓"}
          </span>
        )}
        {vital.value !== null && <small> {unit}</small>}
      </dd>
      <dd className="source">
        {vital.why !== null && t(vital.why)}
        {vital.band !== null && `${bandWords(vital.band, t)} · `}
        {vital.atMs !== null && ago(vital.atMs)}
        {vital.old && ` · ${t("vitals.old")}`}
        {vital.device !== null && <span title={vital.device}> · {sourceOf(vital.device, term)}</span>}
      </dd>
    </div>
  );
}

/** What else devices say with yes or no; the bed has its strip. */
function StateLine({ states }: { states: readonly State[] }): ReactElement | null {
  const { t, term } = useTexts();
  const ago = useAge();
  const shown = states.filter((state) => state.kind !== "in_bed");
  if (shown.length === 0) return null;
  return (
    <dl className="facts states" aria-label={t("vitals.states")}>
      {shown.map((state) => (
        <div key={state.kind}>
          <dt>{term("reading", state.kind)}</dt>
          <dd>
            <b>{term("reading", `${state.kind}.${state.on ? 1 : 0}`)}</b> <span className="label">{ago(state.atMs)}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

interface CurveProps {
  kind: string;
  curves: Curves;
  band: Band | null;
  alarmMs: number | null;
  last: boolean;
}

function Curve({ kind, curves, band, alarmMs, last }: CurveProps): ReactElement {
  const { t, term } = useTexts();
  const zone = useSeat().config.time_zone;
  const window = windowOf(curves);
  const lines = linesOf(curves, kind);
  const gaps = commonGaps(lines, window);
  const time = (ms: number): string => timeOfDay(ms, zone).slice(0, 5);
  const reason = (gap: Gap): string => t(gap.reason === "no_device" ? "trends.no_device" : `gap.${gap.reason}`);
  const found = extremesOf(lines);
  const silences = gaps.map((gap) => t("trends.gap", { from: time(gap.sinceMs), to: time(gap.untilMs), reason: reason(gap) }));
  const words = { what: term("reading", kind), gaps: silences.join(t("comma")) || t("trends.no_gap") };
  const written = unitOf(curves.curves.find((curve) => curve.kind === kind)?.unit ?? "");
  const unit = written === "/min" ? t("unit.per_minute") : written;
  return (
    <Chart
      picture={{ lines, gaps, band, window, alarmMs, reason, source: (line) => sourceOf(line.device, term) }}
      axis={axisOf(kind, lines, band)}
      time={time}
      zone={zone}
      last={last}
      label={found === null ? t("trends.chart_empty", words) : t("trends.chart", { ...words, ...found, unit })}
    />
  );
}

function RangeButtons({ range, choose }: { range: Range; choose: (range: Range) => void }): ReactElement {
  const { t } = useTexts();
  return (
    <span className="ranges" role="group" aria-label={t("trends.range")}>
      {(Object.keys(RANGES) as Range[]).map((one) => (
        <button key={one} type="button" className="plain" aria-pressed={one === range} onClick={() => choose(one)}>
          {t(`trends.${one}`)}
        </button>
      ))}
    </span>
  );
}

interface BoardProps {
  residentId: string;
  readings: readonly LastReading[];
  range: Range;
  alarmMs: number | null;
  endMs: number | null;
}

function Board({ residentId, readings, range, alarmMs, endMs }: BoardProps): ReactElement {
  const { t } = useTexts();
  const limits = useResident(residentId).data?.limits ?? {};
  const now = useDesk((state) => state.nowMs) ?? 0;
  const curves = useTrends(residentId, DRAWN, range, endMs);
  const vitals = vitalsOf(readings, limits, now);
  const drawn = curves.data;
  return (
    <>
      <div className="trend-grid">
        <dl className="vital-list">
          {vitals.slice(0, DRAWN.length).map((vital) => (
            <Value key={vital.kind} vital={vital} />
          ))}
        </dl>
        {drawn === undefined ? (
          <p className="trend-none label">{t(curves.isError ? "trends.unreadable" : "trends.reading")}</p>
        ) : (
          DRAWN.map((kind, index) => (
            <Curve
              key={kind}
              kind={kind}
              curves={drawn}
              band={bandOf(limits, kind)}
              alarmMs={alarmMs}
              last={index === DRAWN.length - 1}
            />
          ))
        )}
      </div>
      {drawn !== undefined && <BedStrip spans={bedSpansOf(drawn)} window={windowOf(drawn)} />}
      <div className="trend-foot">
        <dl className="vital-list rest">
          {vitals.slice(DRAWN.length).map((vital) => (
            <Value key={vital.kind} vital={vital} />
          ))}
        </dl>
        <StateLine states={statesOf(readings)} />
      </div>
      <Score residentId={residentId} />
    </>
  );
}

/** Vital signs over one time axis, the newest value of each with its age; a dash or a hatch says why there is none. */
export function Trends({ item }: { item: CaseSummary }): ReactElement {
  const { t } = useTexts();
  const [range, setRange] = useState<Range>("minutes_30");
  const { mayAct } = useSeat();
  const residentId = mayAct ? (item.resident?.id ?? null) : null;
  const last = useLastReadings(residentId);
  const closed = instant(item.closed_at);
  return (
    <Panel name="vitals" title={t("vitals.title")} aside={residentId !== null && <RangeButtons range={range} choose={setRange} />}>
      {residentId === null && <p className="label">{t(mayAct ? "vitals.nobody" : "vitals.not_for_role")}</p>}
      {last.isError && last.data === undefined && <p className="label">{t("vitals.unreadable")}</p>}
      {residentId !== null && last.data !== undefined && (
        <Board
          residentId={residentId}
          readings={last.data}
          range={range}
          alarmMs={instant(item.occurred_at)}
          endMs={closed === null ? null : closed + AFTER_CLOSE_MS}
        />
      )}
    </Panel>
  );
}
