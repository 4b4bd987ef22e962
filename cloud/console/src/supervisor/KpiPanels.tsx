import type { ReactElement } from "react";

import { Panel } from "../look/Panel";
import { useTexts } from "../texts/texts";
import { figureText } from "../wall/numbers";
import type { Report } from "./kpi";
import { Bar } from "./reading";

type Total = Report["total"];
type Promised = Report["promises"][number];

function kept(one: Promised): "yes" | "no" | "none" {
  if (one.kept === null) return "none";
  return one.kept ? "yes" : "no";
}

function PromiseRow({ one }: { one: Promised }): ReactElement {
  const { t, language } = useTexts();
  const most = one.unit === "%" ? 100 : Math.max(one.value * 2, one.reached ?? 0);
  const state = kept(one);
  return (
    <tr data-kept={state}>
      <th scope="row">{language === "en" ? one.en : one.zh}</th>
      <td>
        <span className="metered">
          <b>{figureText(one.reached, one.unit) ?? t("none")}</b>
          {one.reached !== null && <Bar value={one.reached} most={most} marks={[one.value]} />}
        </span>
      </td>
      <td className="promise">
        {one.compare === "least" ? "≥" : "≤"} {figureText(one.value, one.unit)}
      </td>
      <td className="label">{one.others === "-" ? t("none") : one.others}</td>
      <td className="kept">{t(`kpi.kept.${state}`)}</td>
    </tr>
  );
}

/** What was promised, what was reached, what comparable services ask. */
export function PromisesPanel({ report }: { report: Report }): ReactElement {
  const { t } = useTexts();
  const { cases_all: all, cases_acted: acted } = report.total;
  return (
    <Panel name="kpi-promises" title={t("kpi.promises")} aside={t("kpi.denominators", { all, acted })}>
      <table className="chief-table">
        <thead>
          <tr>
            {(["figure", "reached", "promise", "others", "kept"] as const).map((column) => (
              <th key={column} scope="col">
                {t(`kpi.${column}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {report.promises.map((one) => (
            <PromiseRow key={one.figure} one={one} />
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function Share({ value }: { value: number | null }): ReactElement {
  const { t } = useTexts();
  if (value === null) return <>{t("none")}</>;
  return (
    <span className="metered">
      <b>{figureText(value, "%")}</b>
      <Bar value={value} most={100} />
    </span>
  );
}

/** Claimed within 15, 60 and 180 s, of all and of those that somebody had to act on. */
export function AnswersPanel({ total }: { total: Total }): ReactElement {
  const { t } = useTexts();
  const rows = [
    { s: 15, all: total.answer_15s_all, acted: total.answer_15s_acted },
    { s: 60, all: total.answer_60s_all, acted: total.answer_60s_acted },
    { s: 180, all: total.answer_180s_all, acted: total.answer_180s_acted },
  ];
  return (
    <Panel name="kpi-answers" title={t("kpi.answers")}>
      <table className="chief-table">
        <thead>
          <tr>
            <th scope="col">
  <span className="unseen">{t("kpi.answers")}</span>
</th>
            <th scope="col">{t("kpi.all")}</th>
            <th scope="col">{t("kpi.acted")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.s}>
              <th scope="row">{t("kpi.within", { s: row.s })}</th>
              <td>
                <Share value={row.all} />
              </td>
              <td>
                <Share value={row.acted} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

/** How many of a hundred alarms had which priority. */
export function MixPanel({ total }: { total: Total }): ReactElement {
  const { t } = useTexts();
  const rows = [
    { name: "P1", value: total.priority_1, wanted: [5] },
    { name: "P2", value: total.priority_2, wanted: [15] },
    { name: "P3", value: total.priority_3, wanted: [80] },
    { name: "P4", value: total.priority_4, wanted: [] },
  ];
  return (
    <Panel name="kpi-mix" title={t("kpi.mix")} aside={t("kpi.mix_hint")}>
      <table className="chief-table">
        <tbody>
          {rows.map(({ name, value, wanted }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <span className="metered">
                  <b>{figureText(value, "%") ?? t("none")}</b>
                  {value !== null && <Bar value={value} most={100} marks={wanted} />}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

/** The ten devices that rang most. */
export function DevicesPanel({ total }: { total: Total }): ReactElement {
  const { t } = useTexts();
  const most = Math.max(1, ...total.top_devices.map((one) => one.activations));
  return (
    <Panel name="kpi-devices" title={t("kpi.devices")}>
      {total.top_devices.length === 0 && <p className="label">{t("kpi.no_devices")}</p>}
      <table className="chief-table">
        <tbody>
          {total.top_devices.map((one) => (
            <tr key={one.device}>
              <th scope="row">{one.device}</th>
              <td>
                <span className="metered">
                  <b>
                    {t("kpi.times", { count: one.activations })} {one.share}%
                  </b>
                  <Bar value={one.activations} most={most} />
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
