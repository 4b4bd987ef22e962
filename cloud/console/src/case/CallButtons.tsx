import { useEffect, type ReactElement } from "react";

import type { CallOutcome, CaseEntry } from "../api/client";
import { useSeat } from "../desk/context";
import { useDesk, type Call } from "../desk/state";
import { useTexts, type Key } from "../texts/texts";
import { span, timeOfDay } from "../time/format";
import { awaitsOutcome, isCalled, isElder, lastTry, whosOf, type Callee } from "./calls";
import type { Calls } from "./useCall";
import "./calls.css";

/** When this person was last called, and with what outcome. */
export function Tried({ callee, timeline }: { callee: Callee; timeline: readonly CaseEntry[] }): ReactElement | null {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const found = lastTry(timeline, whosOf(callee));
  if (found === null) return null;
  const key = found.outcome === "reached" ? "contacts.reached_at" : "contacts.missed_at";
  return <span className="tried">{t(key, { time: timeOfDay(found.atMs, zone) })}</span>;
}

/** F4 does what the one button of the moment does: calls who is next, hangs up the call that runs. */
function useCallKey(act: (() => void) | null): void {
  useEffect(() => {
    if (act === null) return undefined;
    const press = (event: KeyboardEvent): void => {
      if (event.key !== "F4" || event.repeat || event.isComposing || event.altKey) return;
      event.preventDefault();
      act();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [act]);
}

const OUTCOMES: readonly CallOutcome[] = ["answered_ok", "needs_help", "no_answer", "busy", "wrong_number"];

interface OutcomesProps {
  elder: Callee;
  timeline: readonly CaseEntry[];
  calls: Calls;
}

/** After the elder was called: what it came to, one key each. Nobody answering stays an emergency. */
export function Outcomes({ elder, timeline, calls }: OutcomesProps): ReactElement | null {
  const { t } = useTexts();
  const stale = useDesk((state) => state.link === "stale");
  if (calls.call !== null || !isElder(elder) || !awaitsOutcome(timeline, elder)) return null;
  return (
    <div className="outcomes" role="group" aria-label={t("call.outcome")}>
      {OUTCOMES.map((outcome) => (
        <button
          key={outcome}
          type="button"
          className="plain"
          disabled={stale}
          title={outcome === "no_answer" ? t("call.no_answer_hint") : undefined}
          onClick={() => calls.outcome(outcome)}
        >
          {t(`call.${outcome}`)}
        </button>
      ))}
    </div>
  );
}

interface CallButtonsProps {
  caseId: string;
  callee: Callee;
  calls: Calls;
  /** The next one to try: the only button with a strong frame. */
  next?: boolean;
  /** The current step's deed: dark, and with these words. */
  label?: string;
}

/** Begins a call that holds the case; while it rings its two outcomes, while one talks its end. */
export function CallButtons({ caseId, callee, calls, next = false, label }: CallButtonsProps): ReactElement {
  const { t } = useTexts();
  const stale = useDesk((state) => state.link === "stale");
  const { call } = calls;
  const called = isCalled(call, caseId, callee);
  const mayEnd = called && (call?.talking === true || call?.id !== undefined);
  const act = mayEnd ? calls.hangUp : next && call === null ? () => calls.begin(callee) : null;
  useCallKey(stale ? null : act);
  if (call === null || !called) {
    return (
      <button
        type="button"
        className={label !== undefined ? "primary big" : next && call === null ? "plain next-call" : "plain"}
        disabled={call !== null || stale}
        onClick={() => calls.begin(callee)}
      >
        {label ?? t("contacts.call")} {next && call === null && <kbd>F4</kbd>}
      </button>
    );
  }
  if (mayEnd) {
    const words: Key = call.id === undefined ? "contacts.talking" : runningWords(call);
    return (
      <>
        <Running text={words} call={call} />
        <button type="button" className="primary" disabled={stale} onClick={calls.hangUp}>
          {t(call.id === undefined ? "contacts.hang_up" : "call.hang_up")} <kbd>F4</kbd>
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
        onClick={() => calls.missed(t("contacts.note_missed", { who: callee.who }), callee)}
      >
        {t("contacts.missed")}
      </button>
    </>
  );
}

function runningWords(call: Call): Key {
  if (call.state === "connected") return "call.connected";
  return call.state === "ringing" ? "call.ringing" : "call.dialling";
}

function Running({ text, call }: { text: Key; call: Call }): ReactElement {
  const { t } = useTexts();
  const now = useDesk((state) => state.nowMs) ?? 0;
  return <span className="calling">{t(text, { span: span(now - call.sinceMs) })}</span>;
}
