import type { ReactElement } from "react";

import type { CaseEntry } from "../api/client";
import { useSeat } from "../desk/context";
import { useDesk } from "../desk/state";
import { useTexts } from "../texts/texts";
import { span, timeOfDay } from "../time/format";
import { lastTry, whosOf, type Callee, type Outcome } from "./calls";
import type { Calls } from "./useCall";

/** When this person was last called, and with what outcome. */
export function Tried({ callee, timeline }: { callee: Callee; timeline: readonly CaseEntry[] }): ReactElement | null {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const found = lastTry(timeline, whosOf(callee));
  if (found === null) return null;
  const key = found.outcome === "reached" ? "contacts.reached_at" : "contacts.missed_at";
  return <span className="tried">{t(key, { time: timeOfDay(found.atMs, zone) })}</span>;
}

interface CallButtonsProps {
  callee: Callee;
  calls: Calls;
  /** The next one to try: the only dark button. */
  next: boolean;
}

/** Begins a call that holds the case; while it runs, its two outcomes. */
export function CallButtons({ callee, calls, next }: CallButtonsProps): ReactElement {
  const { t } = useTexts();
  const now = useDesk((state) => state.nowMs) ?? 0;
  const stale = useDesk((state) => state.link === "stale");
  const { call } = calls;
  const finish = (outcome: Outcome): void => {
    calls.end(t(outcome === "reached" ? "contacts.note_reached" : "contacts.note_missed", { who: callee.who }));
  };
  if (call?.key !== callee.key) {
    return (
      <button
        type="button"
        className={next && call === null ? "primary" : "plain"}
        disabled={call !== null || stale}
        onClick={() => calls.begin(callee)}
      >
        {t("contacts.call")}
      </button>
    );
  }
  return (
    <>
      <span className="calling">{t("contacts.calling", { span: span(now - call.sinceMs) })}</span>
      <button type="button" className="primary" disabled={stale} onClick={() => finish("reached")}>
        {t("contacts.reached")}
      </button>
      <button type="button" className="plain" disabled={stale} onClick={() => finish("missed")}>
        {t("contacts.missed")}
      </button>
    </>
  );
}
