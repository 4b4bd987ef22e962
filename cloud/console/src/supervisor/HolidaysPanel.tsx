import { useState, type ReactElement } from "react";

import { answered, api } from "../api/client";
import { queries } from "../api/queries";
import { Panel } from "../look/Panel";
import { useTexts } from "../texts/texts";
import { holidayMistakes, type HolidayDraft } from "./duty";
import { freshId } from "./policy";
import { detailOf, Read, serverNow, useChief } from "./reading";

async function readYear(year: number): Promise<HolidayDraft[]> {
  const found = await answered(api.GET("/api/v1/duty/holidays/{year}", { params: { path: { year } } }));
  return found.items.map((one) => ({ key: one.day, day: one.day, name: one.name ?? "", off: one.off }));
}

interface RowProps {
  one: HolidayDraft;
  mistake: string | undefined;
  change: (next: HolidayDraft | null) => void;
}

function Row({ one, mistake, change }: RowProps): ReactElement {
  const { t } = useTexts();
  return (
    <tr>
      <td>
        <input
          type="date"
          aria-label={t("holiday.day")}
          value={one.day}
          aria-invalid={mistake !== undefined}
          onChange={(event) => change({ ...one, day: event.target.value })}
        />
        {mistake !== undefined && <span className="mistake">{mistake}</span>}
      </td>
      <td>
        <input
          className="medium"
          aria-label={t("holiday.name")}
          value={one.name}
          maxLength={100}
          onChange={(event) => change({ ...one, name: event.target.value })}
        />
      </td>
      <td>
        <select
          aria-label={t("holiday.kind")}
          value={one.off ? "off" : "work"}
          onChange={(event) => change({ ...one, off: event.target.value === "off" })}
        >
          <option value="off">{t("holiday.off")}</option>
          <option value="work">{t("holiday.work")}</option>
        </select>
      </td>
      <td>
        <button type="button" className="plain" onClick={() => change(null)}>
          {t("chief.remove")}
        </button>
      </td>
    </tr>
  );
}

function YearForm({ year, read }: { year: number; read: readonly HolidayDraft[] }): ReactElement {
  const { t } = useTexts();
  const [days, setDays] = useState(read);
  const [said, say] = useState("");
  const wrong = holidayMistakes(days, year);
  const [tried, setTried] = useState(false);
  const put = (key: string, next: HolidayDraft | null): void =>
    setDays(days.flatMap((one) => (one.key !== key ? [one] : next === null ? [] : [next])));
  const save = (): void => {
    setTried(true);
    if (wrong.size > 0) return;
    const items = days.map(({ day, name, off }) => ({ day, name, off }));
    answered(api.PUT("/api/v1/duty/holidays/{year}", { params: { path: { year } }, body: { items } })).then(
      (made) => {
        say(t("holiday.saved", { count: made.items.length }));
        void queries.invalidateQueries({ queryKey: ["chief", "holidays", year] });
      },
      (error: unknown) => say(t("chief.refused", { detail: detailOf(error) })),
    );
  };
  return (
    <>
      {days.length === 0 && <p className="label">{t("holiday.none")}</p>}
      <table className="chief-table">
        <tbody>
          {days.map((one) => (
            <Row
              key={one.key}
              one={one}
              mistake={tried && wrong.has(one.key) ? t("holiday.wrong.day", { year }) : undefined}
              change={(next) => put(one.key, next)}
            />
          ))}
        </tbody>
      </table>
      <div className="editor-foot">
        <button
          type="button"
          className="plain"
          onClick={() => setDays([...days, { key: freshId(), day: "", name: "", off: true }])}
        >
          {t("holiday.add")}
        </button>
        <button type="button" className="primary" onClick={save}>
          {t("chief.save")}
        </button>
        <span role="status" className="said">
          {said}
        </span>
      </div>
    </>
  );
}

/** A year's holidays and worked weekend days, for everybody. */
export function HolidaysPanel(): ReactElement {
  const { t } = useTexts();
  const [year, setYear] = useState(() => new Date(serverNow()).getFullYear());
  const days = useChief(["holidays", year], () => readYear(year));
  return (
    <Panel name="chief-holidays" title={t("holiday.title", { year })}>
      <label className="field inline">
        <span className="label">{t("holiday.year")}</span>
        <select value={year} onChange={(event) => setYear(Number(event.target.value))}>
          {[year - 1, year, year + 1].map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <Read of={days}>{(read) => <YearForm key={year} year={year} read={read} />}</Read>
    </Panel>
  );
}
