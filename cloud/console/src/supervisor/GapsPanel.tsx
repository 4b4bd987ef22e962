import type { ReactElement } from "react";

import { useAreaName } from "../api/areas";
import { answered, api } from "../api/client";
import { useSeat } from "../desk/context";
import { Panel } from "../look/Panel";
import { useTexts, type Key } from "../texts/texts";
import { dateAndTime, instant, timeOfDay } from "../time/format";
import { Read, useChief } from "./reading";

const EVERY_S = 30;
const readGaps = () => answered(api.GET("/api/v1/escalation/gaps", { params: { query: {} } }));
type Gaps = Awaited<ReturnType<typeof readGaps>>;

function GapLine({ gap }: { gap: Gaps["items"][number] }): ReactElement {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const place = useAreaName();
  const people = Array.isArray(gap.data["people"]) ? (gap.data["people"] as { name?: string }[]) : [];
  const count = typeof gap.data["count"] === "number" ? gap.data["count"] : null;
  const target = String(gap.data["target"] ?? "");
  return (
    <li>
      <span>
        <b>{t(`gap.${gap.kind}` as Key)}</b>
        {gap.kind !== "no_policy" && gap.kind !== "no_seat" && ` · ${t(`target.${target}` as Key)}`}
        <br />
        <span className="label">
          {place(gap.area_code)} {people.map((person) => person.name ?? "").join(t("and"))}
          {count !== null && t("gaps.people", { count })}
        </span>
      </span>
      <span className="chief-right label">{t("gaps.since", { time: dateAndTime(instant(gap.since) ?? 0, zone) })}</span>
    </li>
  );
}

type Hole = Gaps["forecast"][number];

/** Holes of one schedule at the same hours of a day together: each night's is one line. */
function daily(holes: readonly Hole[], hour: (iso: string) => string): Hole[][] {
  const found = new Map<string, Hole[]>();
  for (const hole of holes) {
    const key = [hole.schedule_id, hole.role, hour(hole.starts_at), hour(hole.ends_at)].join(" ");
    found.set(key, [...(found.get(key) ?? []), hole]);
  }
  return [...found.values()];
}

function HoleLine({ holes }: { holes: readonly Hole[] }): ReactElement | null {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const at = (iso: string): string => dateAndTime(instant(iso) ?? 0, zone).slice(0, -3);
  const [first] = holes;
  if (first === undefined) return null;
  const hours = t("gaps.hours", { from: at(first.starts_at), to: at(first.ends_at) });
  return (
    <li>
      <span>
        <b>{first.name}</b> · {t(`duty.${first.role}`)}
      </span>
      <span className="chief-right label">{holes.length === 1 ? hours : t("gaps.each_day", { hours, count: holes.length })}</span>
    </li>
  );
}

/** Who is relied on and is not there, now and in the next 30 days. */
export function GapsPanel(): ReactElement {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const gaps = useChief(["gaps"], readGaps, EVERY_S);
  return (
    <Panel name="chief-gaps" title={t("gaps.title")} aside={gaps.data === undefined ? "" : String(gaps.data.items.length)}>
      <Read of={gaps}>
        {({ items, forecast }) => (
          <>
            {items.length === 0 && <p className="label">{t("gaps.none")}</p>}
            <ul className="chief-list">
              {items.map((gap) => (
                <GapLine key={gap.key} gap={gap} />
              ))}
            </ul>
            <h4>{forecast.length === 0 ? t("gaps.no_forecast") : t("gaps.forecast")}</h4>
            <ul className="chief-list">
              {daily(forecast, (iso) => timeOfDay(instant(iso) ?? 0, zone)).map((holes) => (
                <HoleLine key={`${holes[0]?.schedule_id}-${holes[0]?.role}-${holes[0]?.starts_at}`} holes={holes} />
              ))}
            </ul>
          </>
        )}
      </Read>
    </Panel>
  );
}
