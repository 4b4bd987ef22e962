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

function Lines({ items, total, waiting }: { items: Line[]; total: number; waiting: boolean }): ReactElement {
  const { t } = useTexts();
  const shown = items.slice(0, waiting ? 5 : 7);
  return (
    <ul className="wall-lines">
      {named(shown).map(([key, item]) => (
        <CaseLine key={key} item={item} waiting={waiting} />
      ))}
      {total > shown.length && <li className="wall-more">{t("wall.more", { count: total - shown.length })}</li>}
    </ul>
  );
}

function SeatLines({ seats }: { seats: WallPicture["seats"] }): ReactElement {
  const { t } = useTexts();
  if (seats.length === 0) return <p className="wall-more">{t("wall.no_seat")}</p>;
  return (
    <ul className="wall-lines">
      {seats.slice(0, 7).map((seat) => (
        <li key={seat.n} className="wall-case">
          <b>{t("wall.seat", { n: seat.n })}</b>
          <span className="words">{t(`wall.phone.${seat.talking ? "talking" : (seat.phone ?? "none")}`)}</span>
          {!seat.sound && <span className="tag tag-strong">{t("wall.muted")}</span>}
          <span className="wall-span">{t("wall.cases", { count: seat.cases })}</span>
        </li>
      ))}
      {seats.length > 7 && <li className="wall-more">{t("wall.more", { count: seats.length - 7 })}</li>}
    </ul>
  );
}

function Troubles({ picture }: { picture: WallPicture }): ReactElement | null {
  const { t } = useTexts();
  const { config } = useSeat();
  const now = useDesk((state) => state.nowMs);
  const waited = since(instant(picture.oldest_p1_since), now);
  const at = (iso: string): string => timeOfDay(instant(iso) ?? 0, config.time_zone);
  const late = waited !== null && waited >= config.limits.p1_claim_s * 1000;
  if (!late && picture.canary_red_since === null && picture.flood_since === null) return null;
  return (
    <div className="wall-troubles">
      {late && (
        <p className="wall-bar" data-grave role="alert">
          {t("wall.late_p1", { span: span(waited) })}
        </p>
      )}
      {picture.canary_red_since !== null && (
        <p className="wall-bar" data-grave role="alert" data-canary>
          {t("wall.canary", { time: at(picture.canary_red_since) })}
        </p>
      )}
      {picture.flood_since !== null && (
        <p className="wall-bar" role="status">
          {t("wall.flood", { time: at(picture.flood_since) })}
        </p>
      )}
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
  useScreenOn();
  return (
    <div className="wall" data-stale={stale || undefined}>
      <WallTop stale={stale} />
      {picture === null ? (
        <p className="plain-page">{t("app.loading")}</p>
      ) : (
        <main className="wall-body">
          <Troubles picture={picture} />
          <div className="wall-columns">
            <Column
              name="wall.waiting"
              count={picture.waiting}
              grave={(picture.by_priority[0] ?? 0) > 0}
              beside={<Longest iso={picture.longest_since} />}
            >
              <Lines items={picture.waiting_cases} total={picture.waiting} waiting />
            </Column>
            <Column name="wall.in_hand" count={picture.in_hand}>
              <Lines items={picture.in_hand_cases} total={picture.in_hand} waiting={false} />
            </Column>
            <Column name="wall.seats" count={picture.seats.length}>
              <SeatLines seats={picture.seats} />
            </Column>
          </div>
          <Figures figures={figures} away={picture.gateways_away} gateways={picture.gateways} />
        </main>
      )}
    </div>
  );
}
