import type { ReactElement } from "react";

import type { CaseEntry } from "../api/client";
import { useSeat } from "../desk/context";
import { useDesk, type Call } from "../desk/state";
import { useTexts, type TextKey } from "../texts/texts";
import { span, timeOfDay } from "../time/format";
import { lastTry, whosOf, type Callee } from "./calls";
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
  caseId: string;
  callee: Callee;
  calls: Calls;
  /** The next one to try: the only dark button. */
  next: boolean;
}

/** Begins a call that holds the case; while it rings its two outcomes, while one talks its end. */
export function CallButtons({ caseId, callee, calls, next }: CallButtonsProps): ReactElement {
  const { t } = useTexts();
  const stale = useDesk((state) => state.link === "stale");
  const { call } = calls;
  if (call?.key !== callee.key || call.caseId !== caseId) {
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
  if (call.talking) {
    return (
      <>
        <Running text="contacts.talking" call={call} />
        <button type="button" className="primary" disabled={stale} onClick={calls.hangUp}>
          {t("contacts.hang_up")}
        </button>
      </>
    );
  }
  return (
    <>
      <Running text="contacts.calling" call={call} />
      <button
        type="button"
        className="primary"
        disabled={stale}
        onClick={() => calls.reached(t("contacts.note_reached", { who: callee.who }))}
      >
        {t("contacts.reached")}
      </button>
      <button
        type="button"
        className="plain"
        disabled={stale}
        onClick={() => calls.missed(t("contacts.note_missed", { who: callee.who }))}
      >
        {t("contacts.missed")}
      </button>
    </>
  );
}

function Running({ text, call }: { text: TextKey; call: Call }): ReactElement {
  const { t } = useTexts();
  const now = useDesk((state) => state.nowMs) ?? 0;
  return <span className="calling">{t(text, { span: span(now - call.sinceMs) })}</span>;
}
