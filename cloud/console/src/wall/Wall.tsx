import type { ReactElement, ReactNode } from "react";

import { useSeat } from "../desk/context";
import { useDesk } from "../desk/state";
import { Mark } from "../look/Mark";
import { gravestFirst, useTexts, type Key } from "../texts/texts";
import { instant, span, timeOfDay } from "../time/format";
import { since } from "./numbers";
import { Figures } from "./WallFigures";
import { WallTop } from "./WallTop";
import { useScreenOn, useWall, type WallPicture } from "./useWall";
import "./wall.css";

// Lines of 40 px below a number, and how many of them a bar above the columns takes the room of.
const ROWS = 6;
const BAR = 1.4;

type Line = WallPicture["waiting_cases"][number];

function useWaited(iso: string | null): string | null {
  const waited = since(
    instant(iso),
    useDesk((state) => state.nowMs),
  );
  return waited === null ? null : span(waited);
}

function CaseLine({ item, waiting }: { item: Line; waiting: boolean }): ReactElement {
  const { t, term } = useTexts();
  const waited = useWaited(item.since);
  const title = gravestFirst(item.kinds)
    .map((kind) => term("event", kind))
    .join(" + ");
  return (
    <li className="wall-case">
      <Mark priority={item.priority} flashing={waiting && item.priority <= 2} size={34} />
      <b className="words">{title}</b>
      {item.escalated && <span className="tag">{t("wall.escalated")}</span>}
      <span className="wall-span">{waited ?? t("none")}</span>
    </li>
  );
}

/** A case of the wall has no id: its facts name it, with a number where two are alike. */
function named(items: readonly Line[]): [string, Line][] {
  const seen = new Map<string, number>();
  return items.map((item) => {
    const facts = `${item.priority} ${item.since} ${item.kinds.join()}`;
    const before = seen.get(facts) ?? 0;
    seen.set(facts, before + 1);
    return [`${facts} ${before}`, item];
  });
}

interface LinesProps {
  items: readonly Line[];
  total: number;
  /** As many as there is room for. */
  rows: number;
  waiting?: boolean;
  /** How many of all are of the first priority. */
  lives?: number;
}

function Lines({ items, total, rows, waiting = false, lives = 0 }: LinesProps): ReactElement {
  const { t } = useTexts();
  const shown = items.slice(0, rows);
  const count = total - shown.length;
  const more = lives - shown.filter((item) => item.priority === 1).length;
  return (
    <ul className="wall-lines">
      {named(shown).map(([key, item]) => (
        <CaseLine key={key} item={item} waiting={waiting} />
      ))}
      {count > 0 && <li className="wall-more">{more > 0 ? t("wall.more_lives", { count, more }) : t("wall.more", { count })}</li>}
    </ul>
  );
}

function SeatLines({ seats, rows }: { seats: WallPicture["seats"]; rows: number }): ReactElement {
  const { t } = useTexts();
  if (seats.length === 0) return <p className="wall-more">{t("wall.no_seat")}</p>;
  return (
    <ul className="wall-lines">
      {seats.slice(0, rows).map((seat) => (
        <li key={seat.n} className="wall-case">
          <b>{t("wall.seat", { n: seat.n })}</b>
          <span className="words">{t(`wall.phone.${seat.talking ? "talking" : (seat.phone ?? "none")}`)}</span>
          {!seat.sound && <span className="tag tag-strong">{t("wall.muted")}</span>}
          <span className="wall-span">{t("wall.cases", { count: seat.cases })}</span>
        </li>
      ))}
      {seats.length > rows && <li className="wall-more">{t("wall.more", { count: seats.length - rows })}</li>}
    </ul>
  );
}

interface Trouble {
  name: "late_p1" | "canary" | "flood";
  text: string;
}

/** What concerns everybody who sees the wall, the gravest first. */
function useTroubles(picture: WallPicture | null): Trouble[] {
  const { t } = useTexts();
  const { config } = useSeat();
  const now = useDesk((state) => state.nowMs);
  if (picture === null) return [];
  const found: Trouble[] = [];
  const waited = since(instant(picture.oldest_p1_since), now);
  if (waited !== null && waited >= config.limits.p1_claim_s * 1000) {
    found.push({ name: "late_p1", text: t("wall.late_p1", { span: span(waited) }) });
  }
  for (const [name, iso] of [["canary", picture.canary_red_since], ["flood", picture.flood_since]] as const) {
    const time = timeOfDay(instant(iso) ?? 0, config.time_zone);
    if (iso !== null) found.push({ name, text: t(`wall.${name}`, { time }) });
  }
  return found;
}

function Troubles({ troubles }: { troubles: readonly Trouble[] }): ReactElement {
  return (
    <div className="wall-troubles">
      {troubles.map(({ name, text }) => (
        <p key={name} className="wall-bar" data-grave={name !== "flood" || undefined} data-trouble={name} role={name === "flood" ? "status" : "alert"}>
          {text}
        </p>
      ))}
    </div>
  );
}

interface ColumnProps {
  name: Key;
  count: number;
  grave?: boolean;
  beside?: ReactNode;
  children: ReactNode;
}

function Column({ name, count, grave = false, beside, children }: ColumnProps): ReactElement {
  const { t } = useTexts();
  return (
    <section className="wall-column panel" data-grave={grave || undefined} aria-label={t(name)}>
      <h2>{t(name)}</h2>
      <div className="wall-head">
        <strong className="wall-count">{count}</strong>
        {beside}
      </div>
      {children}
    </section>
  );
}

function Longest({ iso }: { iso: string | null }): ReactElement {
  const { t } = useTexts();
  const waited = useWaited(iso);
  return (
    <p className="wall-longest">
      <span>
        {t("wall.longest")} <small>{t("wall.longest_hint")}</small>
      </span>
      <strong>{waited ?? t("none")}</strong>
    </p>
  );
}

/** The wall-board: three numbers that are read from eight metres, the day's figures, and nobody's name. */
export function Wall(): ReactElement {
  const { t } = useTexts();
  const { picture, figures, stale } = useWall();
  const troubles = useTroubles(picture);
  const rows = Math.floor(ROWS - BAR * troubles.length);
  const [lives = 0] = picture?.by_priority ?? [];
  useScreenOn();
  return (
    <div className="wall" data-stale={stale || undefined}>
      <WallTop stale={stale} />
      {picture === null ? (
        <p className="plain-page">{t("app.loading")}</p>
      ) : (
        <main className="wall-body">
          <Troubles troubles={troubles} />
          <div className="wall-columns">
            <Column
              name="wall.waiting"
              count={picture.waiting}
              grave={lives > 0}
              beside={<Longest iso={picture.longest_since} />}
            >
              <Lines items={picture.waiting_cases} total={picture.waiting} rows={rows} lives={lives} waiting />
            </Column>
            <Column name="wall.in_hand" count={picture.in_hand}>
              <Lines items={picture.in_hand_cases} total={picture.in_hand} rows={rows} />
            </Column>
            <Column name="wall.seats" count={picture.seats.length}>
              <SeatLines seats={picture.seats} rows={rows} />
            </Column>
          </div>
          <Figures figures={figures} away={picture.gateways_away} gateways={picture.gateways} />
        </main>
      )}
    </div>
  );
}
