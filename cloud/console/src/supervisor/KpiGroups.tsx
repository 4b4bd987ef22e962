import type { ReactElement } from "react";

import { useTexts } from "../texts/texts";
import { figureText } from "../wall/numbers";
import type { Report } from "./kpi";
import { Bar } from "./reading";

type Group = Report["groups"][number];
const COLUMNS = [
  "cases",
  "cases_acted",
  "answer_p50",
  "answer_p95",
  "answer_15",
  "dispatched",
  "arrival_p90",
  "load",
  "floods",
] as const;
const LOAD_MARKS = [6, 12] as const;

function Row({ group }: { group: Group }): ReactElement {
  const { t } = useTexts();
  const found = group.figures;
  const none = t("none");
  const load = found.load_per_hour;
  return (
    <tr>
      <th scope="row">{group.label === "-" ? t("kpi.nobody") : group.label}</th>
      <td className="number">{found.cases_all}</td>
      <td className="number">{found.cases_acted}</td>
      <td>{figureText(found.answer_p50_s, "s") ?? none}</td>
      <td>{figureText(found.answer_p95_s, "s") ?? none}</td>
      <td>
        {figureText(found.answer_15s_all, "%") ?? none} / {figureText(found.answer_15s_acted, "%") ?? none}
      </td>
      <td className="number">{found.dispatched}</td>
      <td>{figureText(found.arrival_p90_s, "s") ?? none}</td>
      <td>
        {load === null ? (
          none
        ) : (
          <span className="metered">
            <b>{figureText(load, "/h")}</b>
            <Bar value={load} most={15} marks={LOAD_MARKS} />
          </span>
        )}
      </td>
      <td className="number">{found.floods}</td>
    </tr>
  );
}

/** Seats, shifts or districts side by side; load against 6 and 12 alarms an hour. */
export function KpiGroups({ groups }: { groups: readonly Group[] }): ReactElement {
  const { t } = useTexts();
  if (groups.length === 0) return <p className="label">{t("kpi.no_groups")}</p>;
  return (
    <table className="chief-table">
      <thead>
        <tr>
          <th scope="col">
            <span className="unseen">{t("kpi.group")}</span>
          </th>
          {COLUMNS.map((column) => (
            <th key={column} scope="col">
              {t(`kpi.${column}`)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {groups.map((group) => (
          <Row key={group.key} group={group} />
        ))}
      </tbody>
    </table>
  );
}
