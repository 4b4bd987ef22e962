import type { ReactElement } from "react";

import type { CaseAlarm, CaseDetail } from "../api/client";
import { useSeat } from "../desk/context";
import { useDesk } from "../desk/state";
import { Mark } from "../look/Mark";
import { useTexts, type TextKey } from "../texts/texts";
import { age, instant, span, timeOfDay } from "../time/format";
import { reasonWords } from "./reasons";
import "./alarms.css";

const WORTH_SAYING_MS = 5_000;

function Alarm({ alarm }: { alarm: CaseAlarm }): ReactElement {
  const texts = useTexts();
  const { t, term } = texts;
  const zone = useSeat().config.time_zone;
  const occurred = instant(alarm.occurred_at) ?? 0;
  const delay = (instant(alarm.received_at) ?? occurred) - occurred;
  const cleared = instant(alarm.cleared_at);
  const facts = [
    alarm.room === "" ? "" : term("room", alarm.room),
    ...reasonWords(alarm.kind, alarm.reasons, texts),
    alarm.device ?? t("alarms.unknown_device"),
    delay > WORTH_SAYING_MS ? t("alarms.delay", { span: span(delay) }) : "",
  ].filter((fact) => fact !== "");
  return (
    <li data-cleared={cleared !== null || undefined}>
      <Mark priority={alarm.priority} size={18} />
      <b>{term("event", alarm.kind)}</b>
      <p title={facts.join(" · ")}>
        {alarm.repeats > 1 && <span className="tag">×{alarm.repeats}</span>}
        {cleared !== null && <span className="tag">{t("alarms.cleared", { time: timeOfDay(cleared, zone) })}</span>}{" "}
        {facts.join(" · ")}
      </p>
      <span className="when">{timeOfDay(occurred, zone)}</span>
    </li>
  );
}

function GatewayLine({ detail }: { detail: CaseDetail }): ReactElement | null {
  const { t } = useTexts();
  const now = useDesk((state) => state.nowMs);
  const gateway = detail.gateway;
  if (gateway === null) return null;
  const seen = instant(gateway.last_seen_at);
  const { count, unit } = age((now ?? 0) - (seen ?? 0));
  const since = seen === null || now === null ? t("none") : t(`age.${unit}` as TextKey, { count });
  const state =
    gateway.online === null
      ? t("case.gateway_unknown")
      : t(gateway.online ? "case.gateway_online" : "case.gateway_offline", { age: since });
  return <span>{state}</span>;
}

/** What fired, newest first, each with its true time, place, device and reasons. */
export function Alarms({ detail }: { detail: CaseDetail }): ReactElement {
  const { t } = useTexts();
  return (
    <section className="alarms" aria-label={t("alarms.title")}>
      <h3>
        {t("alarms.title")} {detail.alarms.length}
        <span className="aside">
          <GatewayLine detail={detail} />
        </span>
      </h3>
      <ul className="alarm-list" tabIndex={0} aria-label={t("alarms.title")}>
        {detail.alarms.toReversed().map((alarm) => (
          <Alarm key={alarm.id} alarm={alarm} />
        ))}
      </ul>
    </section>
  );
}
