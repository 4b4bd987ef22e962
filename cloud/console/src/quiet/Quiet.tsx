import type { ReactElement } from "react";

import type { CaseSummary } from "../api/client";
import { useClosedCases } from "../api/queries";
import { useSeat } from "../desk/context";
import { openCase, useKnown } from "../desk/state";
import { Panel } from "../look/Panel";
import { doorOf, nameOf, titleOf } from "../queue/wording";
import { useTexts, type TextKey } from "../texts/texts";
import { dateAndTime, instant, span } from "../time/format";
import { Due } from "./Due";
import { QuietFigures } from "./Figures";
import { Notes } from "./Notes";
import "./quiet.css";

const CLOSED_SHOWN = 12;
const COLUMNS = ["closed_at", "level", "what", "who", "where", "result", "by", "duration"] as const;

function ClosedRow({ item }: { item: CaseSummary }): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const zone = useSeat().config.time_zone;
  const closed = instant(item.closed_at);
  const opened = instant(item.opened_at);
  return (
    <tr>
      <td>{closed === null ? t("none") : dateAndTime(closed, zone)}</td>
      <td>{t("quiet.level", { priority: item.priority })}</td>
      <td>
        <button type="button" className="link-button" onClick={() => openCase(item.id)}>
          {titleOf(item, texts)}
        </button>
      </td>
      <td>{nameOf(item, texts)}</td>
      <td>{doorOf(item) || t("none")}</td>
      <td>{item.disposition === null ? t("none") : t(`disposition.${item.disposition}` as TextKey)}</td>
      <td>{item.owner?.name ?? t("log.system")}</td>
      <td>{closed === null || opened === null ? t("none") : span(closed - opened)}</td>
    </tr>
  );
}

function Closed({ items }: { items: readonly CaseSummary[] }): ReactElement {
  const { t } = useTexts();
  if (items.length === 0) return <p className="label">{t("quiet.none_closed")}</p>;
  return (
    <table>
      <thead>
        <tr>
          {COLUMNS.map((column) => (
            <th key={column} scope="col">
              {t(`quiet.column.${column}`)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <ClosedRow key={item.id} item={item} />
        ))}
      </tbody>
    </table>
  );
}

interface QuietProps {
  waiting: number;
  newest: CaseSummary | undefined;
}

/** No case is open: what happened last, whom to call, what the shifts tell each other, figures, what was closed lately. */
export function Quiet({ waiting, newest }: QuietProps): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const zone = useSeat().config.time_zone;
  const known = useKnown();
  const { data: closed, isError } = useClosedCases("closed_at", CLOSED_SHOWN);
  const { data: latest = [] } = useClosedCases("number", 1);
  const [last] = [...(newest === undefined ? [] : [newest]), ...latest].toSorted(
    (a, b) => (instant(b.opened_at) ?? 0) - (instant(a.opened_at) ?? 0),
  );
  const lastAt = instant(last?.opened_at);
  return (
    <section className="quiet" aria-label={t("quiet.title")}>
      <div className="quiet-line panel">
        <h2>{known === "now" ? (waiting > 0 ? t("quiet.waiting", { count: waiting }) : t("quiet.title")) : t(`quiet.${known}`)}</h2>
        <p>
          {known === "unknown" && t("quiet.unknown_hint")}
          {known === "now" && waiting > 0 && t("quiet.waiting_hint")}
          {known === "now" && waiting === 0 && last !== undefined && lastAt !== null && (
            <>
              {[t("quiet.last", { time: dateAndTime(lastAt, zone) }), nameOf(last, texts), titleOf(last, texts)].join(" · ")}
            </>
          )}
        </p>
      </div>
      <QuietFigures />
      <Due />
      <Notes />
      <Panel name="closed" title={t("quiet.closed_title")}>
        {closed === undefined ? <p className="label">{t(isError ? "quiet.unread_closed" : "app.loading")}</p> : <Closed items={closed} />}
      </Panel>
    </section>
  );
}
