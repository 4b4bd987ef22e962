import { useEffect, useRef, type ReactElement } from "react";

import type { CaseDetail, CaseSummary } from "../api/client";
import { takeCase } from "../api/queries";
import { explain, resolve } from "../desk/actions";
import { tell, useDesk } from "../desk/state";
import { textNow, useTexts } from "../texts/texts";
import { CallButtons } from "./CallButtons";
import { lastTry, whosOf, type Callee } from "./calls";
import { firstFree, tickStep, type CaseProtocol, type CaseStep } from "./protocol";
import { sendResponder, useCandidates } from "./sending";
import type { Calls } from "./useCall";

/** Runs a command of a step and says why it failed. */
function run(command: Promise<CaseSummary>): Promise<void> {
  return command.then(takeCase, (error: unknown) => tell(explain(error)));
}

/** Sends the first free responder; F9 does the same. One press, one dispatch. */
function SendButton({ caseId }: { caseId: string }): ReactElement {
  const { t } = useTexts();
  const stale = useDesk((state) => state.link === "stale");
  const { data } = useCandidates(caseId, true);
  const sending = useRef(false);
  const first = data === undefined ? undefined : firstFree(data);
  const send = useRef<() => void>(() => undefined);
  useEffect(() => {
    send.current = () => {
      if (data !== undefined && first === undefined) tell(textNow("steps.nobody_free"));
      if (first === undefined || stale || sending.current) return;
      sending.current = true;
      void sendResponder(caseId, first.staff_id).finally(() => {
        sending.current = false;
      });
    };
  });
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.key !== "F9" || event.repeat || event.isComposing) return;
      event.preventDefault();
      send.current();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
  if (first === undefined) return <span className="label">{data === undefined ? "" : t("steps.nobody_free")}</span>;
  const minutes = first.minutes === null ? "" : ` · ${t("steps.minutes", { count: first.minutes })}`;
  return (
    <button type="button" className="primary big" disabled={stale} onClick={() => send.current()}>
      <kbd>F9</kbd> {t("steps.send", { name: first.name })}
      {minutes}
    </button>
  );
}

export interface StepRoom {
  detail: CaseDetail;
  protocol: CaseProtocol;
  elder: Callee;
  callees: readonly Callee[];
  calls: Calls;
}

/** Whom a call step is about: the elder, or the first contact nobody has tried yet. */
function calleeOf(step: CaseStep, { detail, elder, callees, calls }: StepRoom): Callee | undefined {
  if (step.action === "call_resident") return elder.phones.length > 0 ? elder : undefined;
  const running = callees.find((one) => calls.call?.caseId === detail.id && calls.call.key === one.key);
  return running ?? callees.find((one) => lastTry(detail.timeline, whosOf(one)) === null) ?? callees[0];
}

function CallStep({ step, room }: { step: CaseStep; room: StepRoom }): ReactElement | null {
  const { t } = useTexts();
  const callee = calleeOf(step, room);
  if (callee === undefined) return null;
  const name = callee === room.elder ? callee.relation : `${callee.relation} ${callee.name}`.trim();
  return (
    <CallButtons
      caseId={room.detail.id}
      callee={callee}
      calls={room.calls}
      label={t("steps.call", { name })}
    />
  );
}

function writeNote(): void {
  document.querySelector<HTMLInputElement>(".log .note-line input")?.focus();
}

/** What the current step offers: its deed in dark, then the ticks by hand. */
export function StepButtons({ step, room }: { step: CaseStep; room: StepRoom }): ReactElement {
  const { t } = useTexts();
  const stale = useDesk((state) => state.link === "stale");
  const { detail, protocol } = room;
  const tick = (needed: boolean) => () => void run(tickStep(detail.id, protocol, step.number, needed));
  const isCall = step.action === "call_resident" || step.action === "call_contacts";
  const ticked = step.action === "call_119" || step.action === "call_120" || step.done_when === "by_hand";
  const words = step.action === "call_119" ? "steps.called_119" : step.action === "call_120" ? "steps.called_120" : "steps.tick";
  if (step.action === "resolve") {
    return (
      <div className="step-buttons">
        <button type="button" className="primary big" disabled={stale} onClick={() => void resolve(detail)}>
          {t("action.resolve")}
        </button>
      </div>
    );
  }
  return (
    <div className="step-buttons">
      {isCall && <CallStep step={step} room={room} />}
      {step.action === "dispatch" && <SendButton caseId={detail.id} />}
      {step.action === "note" && (
        <button type="button" className="primary big" onClick={writeNote}>
          {t("steps.write")}
        </button>
      )}
      {step.action === "none" && !ticked && <span className="label">{t("steps.waiting")}</span>}
      <button
        type="button"
        className={ticked && !isCall && step.action !== "dispatch" && step.action !== "note" ? "primary big" : "plain"}
        disabled={stale}
        onClick={tick(true)}
      >
        {t(words)}
      </button>
      <button type="button" className="plain" disabled={stale} onClick={tick(false)}>
        {t("steps.not_needed")}
      </button>
    </div>
  );
}
