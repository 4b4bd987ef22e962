/** Figures of the day and of one's own shift: at the top of the desk, and on it while nothing is open. */
import type { ReactElement } from "react";

import { useSeat } from "../desk/context";
import { useTexts, type TextKey } from "../texts/texts";
import { instant, span, timeOfDay } from "../time/format";
import { useFigures, type DeskFigures } from "./queries";

interface Figure {
  label: TextKey;
  /** null: nothing to count, and `why` says so. */
  value: string | null;
  why?: string;
  hint?: string;
}

const percent = (value: number | null): string | null => (value === null ? null : `${value}%`);
const duration = (value: number | null): string | null => (value === null ? null : span(value * 1000));

/** A number, or "—" with the reason. */
function One({ label, value, why = "", hint }: Figure): ReactElement {
  const { t } = useTexts();
  return (
    <div title={value === null ? why : hint}>
      <dt>{t(label)}</dt>
      <dd>
        {value ?? (
          <>
            {t("none")}
            <span className="unseen">{why}</span>
          </>
        )}
      </dd>
    </div>
  );
}

function useToday(read: DeskFigures | undefined): Record<"taken" | "sent" | "false" | "offline", Figure> {
  const { t } = useTexts();
  const unread = t("figures.unread");
  const { today, silent } = read ?? {};
  const whyUrgent = today === undefined ? unread : t("figures.no_urgent");
  const whySent = today === undefined ? unread : t("figures.no_dispatch");
  const known = silent !== undefined && silent.devices + silent.gateways > 0;
  const hint = known
    ? t("figures.offline_hint", {
        gateways: silent.gateways_away,
        all_gateways: silent.gateways,
        devices: silent.devices_silent,
        all_devices: silent.devices,
      })
    : undefined;
  return {
    taken: { label: "figures.taken_30s", value: percent(today?.taken_30s ?? null), why: whyUrgent },
    sent: { label: "figures.dispatch_mean", value: duration(today?.dispatch_mean_s ?? null), why: whySent },
    false: {
      label: "figures.false_today",
      value: today === undefined || today.closed === 0 ? null : String(today.false_alarms),
      why: today === undefined ? unread : t("figures.not_closed"),
    },
    offline: {
      label: "figures.offline",
      value: known ? String(silent.gateways_away + silent.devices_silent) : null,
      why: silent === undefined ? unread : t("figures.no_devices"),
      ...(hint === undefined ? {} : { hint }),
    },
  };
}

/** The day's four figures beside the numbers of this moment; where there is no room, the quiet desk has them. */
export function TopFigures(): ReactElement {
  const { taken, sent, false: wrong, offline } = useToday(useFigures().data);
  return (
    <>
      {[taken, sent, wrong, offline].map((figure) => (
        <One key={figure.label} {...figure} />
      ))}
    </>
  );
}

function Row({ title, aside, figures }: { title: string; aside: string; figures: readonly Figure[] }): ReactElement {
  return (
    <section className="figures" aria-label={title}>
      <h3>
        {title} <span className="label">{aside}</span>
      </h3>
      <dl>
        {figures.map((figure) => (
          <One key={figure.label} {...figure} />
        ))}
      </dl>
    </section>
  );
}

/** This seat's shift, and the area's day. */
export function QuietFigures(): ReactElement {
  const { t } = useTexts();
  const { mayAct, config } = useSeat();
  const { data } = useFigures();
  const { taken, sent, false: wrong, offline } = useToday(data);
  const at = (iso: string | undefined): string => timeOfDay(instant(iso) ?? 0, config.time_zone).slice(0, 5);
  if (data === undefined) return <p className="label">{t("figures.unread")}</p>;
  const { own, today } = data;
  const shift: Figure[] = [
    { label: "figures.taken", value: String(own.taken) },
    { label: "figures.taken_p1", value: String(own.taken_p1) },
    { label: "figures.answer_p50", value: duration(own.answer_p50_s), why: t("figures.no_urgent") },
    { label: "figures.taken_30s", value: percent(own.taken_30s), why: t("figures.no_urgent") },
    { label: "figures.dispatched", value: String(own.dispatched) },
    { label: "figures.dispatch_mean", value: duration(own.dispatch_mean_s), why: t("figures.no_dispatch") },
    { label: "figures.over", value: String(own.over) },
    { label: "figures.false_alarms", value: String(own.false_alarms) },
  ];
  const day: Figure[] = [{ label: "figures.urgent", value: String(today.urgent) }, taken, sent, { label: "figures.closed", value: String(today.closed) }, wrong, offline];
  return (
    <div className="figure-rows">
      {mayAct && <Row title={t("figures.own")} aside={t("figures.since", { time: at(data.shift_since) })} figures={shift} />}
      <Row title={t("figures.today")} aside={t("figures.at", { time: at(data.at) })} figures={day} />
    </div>
  );
}
