import type { ReactElement } from "react";

import type { CaseSummary } from "../api/client";
import { useLastReadings, useResident } from "../api/queries";
import { useDesk } from "../desk/state";
import { Panel } from "../look/Panel";
import { useTexts, type TextKey, type Texts } from "../texts/texts";
import { age } from "../time/format";
import { statesOf, vitalsOf, type State, type Vital } from "./vitals";

function useAge(): (atMs: number) => string {
  const { t } = useTexts();
  const now = useDesk((state) => state.nowMs) ?? 0;
  return (atMs) => {
    const { count, unit } = age(now - atMs);
    return t(`age.${unit}` as TextKey, { count });
  };
}

/** "手表" for watch-8800000015; the id itself when its family is not known. */
function sourceOf(device: string, term: Texts["term"]): string {
  const family = device.split("-")[0] ?? "";
  const word = term("source", family);
  return word === family ? device : word;
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
        {vital.band !== null && `${t("vitals.band", { low: vital.band.low, high: vital.band.high })} · `}
        {vital.atMs !== null && ago(vital.atMs)}
        {vital.old && ` · ${t("vitals.old")}`}
        {vital.device !== null && <span title={vital.device}> · {sourceOf(vital.device, term)}</span>}
      </dd>
    </div>
  );
}

function StateLine({ states }: { states: readonly State[] }): ReactElement | null {
  const { t, term } = useTexts();
  const ago = useAge();
  if (states.length === 0) return null;
  return (
    <dl className="facts states" aria-label={t("vitals.states")}>
      {states.map((state) => (
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

/** The newest values, each with its age and its device; a dash says why there is none. */
export function Vitals({ item }: { item: CaseSummary }): ReactElement {
  const { t } = useTexts();
  const residentId = item.resident?.id ?? null;
  const last = useLastReadings(residentId);
  const limits = useResident(residentId).data?.limits ?? {};
  const now = useDesk((state) => state.nowMs) ?? 0;
  const items = last.data ?? [];
  return (
    <Panel name="vitals" title={t("vitals.title")} aside={t("vitals.latest")}>
      {residentId === null && <p className="label">{t("vitals.nobody")}</p>}
      {last.isError && last.data === undefined && <p className="label">{t("vitals.unreadable")}</p>}
      {last.data !== undefined && (
        <>
          <dl className="vital-list">
            {vitalsOf(items, limits, now).map((vital) => (
              <Value key={vital.kind} vital={vital} />
            ))}
          </dl>
          <StateLine states={statesOf(items)} />
        </>
      )}
    </Panel>
  );
}
