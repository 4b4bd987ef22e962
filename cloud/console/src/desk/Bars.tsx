/** Lines that everybody must see: the road of alarms is broken, supervisors are wanted, a case is handed over. */
import type { ReactElement } from "react";

import type { CaseSummary } from "../api/client";
import { useRoad, type Road } from "../api/deskQueries";
import { useCase, useLiveCases } from "../api/queries";
import { Mark } from "../look/Mark";
import { doorOf, nameOf, titleOf, whoAndWhat } from "../queue/wording";
import { RESOURCES, useTexts, type Key } from "../texts/texts";
import { instant, timeOfDay } from "../time/format";
import { claim } from "./actions";
import { useSeat } from "./context";
import { escalationSeen, openCase, useDesk } from "./state";

/** A word of a closed list, or what to say of one that is not in it. */
function known(key: string): Key | null {
  return key in RESOURCES.zh ? (key as Key) : null;
}

function RoadWords({ road }: { road: Road }): ReactElement {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const why = known(`road.why.${road.reason}`);
  const since = instant(road.since);
  const last = instant(road.last_at);
  const parts = [
    why === null ? t("road.why.other", { reason: road.reason }) : t(why),
    since === null ? "" : t("road.since", { time: timeOfDay(since, zone) }),
    last === null ? "" : t("road.last", { time: timeOfDay(last, zone) }),
  ];
  return <>{parts.filter((part) => part !== "").join(" · ")}</>;
}

/** Red for all while test alarms come late or not at all; nothing while they come. */
export function RoadBar(): ReactElement | null {
  const { t } = useTexts();
  const road = useRoad().data;
  if (road?.state !== "red") return null;
  return (
    <section className="road" role="alert" aria-label={t("road.red")}>
      <b>{t("road.red")}</b>
      <span>
        <RoadWords road={road} />
      </span>
      <span className="road-act">{t("road.act")}</span>
    </section>
  );
}

/** For supervisors: a case that the plan or a seat wants them to look at, until they have. */
export function EscalationBar(): ReactElement | null {
  const texts = useTexts();
  const { t } = texts;
  const zone = useSeat().config.time_zone;
  const [newest, ...others] = useDesk((state) => state.escalations);
  const live = useLiveCases();
  if (newest === undefined) return null;
  const item = live.get(newest.caseId);
  const reason = known(`escalation.${newest.reason}`);
  const open = (): void => {
    escalationSeen(newest.caseId);
    openCase(newest.caseId);
  };
  return (
    <section className="escalation panel" role="alert" aria-label={t("escalation.title")}>
      {item !== undefined && <Mark priority={item.priority} />}
      <b>{t("escalation.title")}</b>
      <span className="words">
        {reason === null ? newest.reason : t(reason)}
        {item !== undefined && ` · ${whoAndWhat(item, texts)} · ${doorOf(item)}`}
      </span>
      <span className="label">{timeOfDay(newest.atMs, zone)}</span>
      {others.length > 0 && <span className="tag">{t("escalation.more", { count: others.length })}</span>}
      <span className="panel-buttons">
        <button type="button" className="plain big" onClick={() => escalationSeen(newest.caseId)}>
          {t("escalation.seen")}
        </button>
        <button type="button" className="primary big" onClick={open}>
          {t("escalation.open")}
        </button>
      </span>
    </section>
  );
}

/** Somebody names this operator to take a case: who, what, why, and one button. */
export function HandedBar({ item }: { item: CaseSummary }): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const stale = useDesk((state) => state.link === "stale");
  const told = useCase(item.id).data?.timeline.findLast((entry) => entry.kind === "handed_over");
  const note = told?.data["note"];
  return (
    <section className="handed panel" role="alert" aria-label={t("hand.bar", { name: item.handed_from ?? told?.actor ?? "" })}>
      <Mark priority={item.priority} />
      <b>{t("hand.bar", { name: item.handed_from ?? told?.actor ?? "" })}</b>
      <span className="words">
        {titleOf(item, texts)} · {nameOf(item, texts)} {doorOf(item)}
        {typeof note === "string" && ` — ${note}`}
      </span>
      <span className="panel-buttons">
        <button type="button" className="primary big" disabled={stale} onClick={() => void claim(item.id)}>
          {stale ? t("queue.phone_only") : t("hand.accept")}
        </button>
      </span>
    </section>
  );
}
