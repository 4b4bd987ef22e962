/** One step: its state by shape and word, what was measured, what to do; and the reason where it is not passed. */
import { useState, type FormEvent, type ReactElement } from "react";

import { useSeat } from "../desk/context";
import { useDesk } from "../desk/state";
import { useTexts } from "../texts/texts";
import { instant, timeOfDay } from "../time/format";
import { HotlineForm, ModemForm } from "./PhoneForms";
import { giveReason, ping, type Checklist, type Step } from "./reading";
import { factsOf, titleOf } from "./words";

interface Props {
  step: Step;
  checklist: Checklist;
  open: boolean;
  /** The reason is asked for, because somebody wanted to finish. */
  asked: boolean;
  onFailure: (words: string) => void;
}

const SHAPES: Readonly<Record<Step["state"], string>> = { passed: "✓", failed: "✕", waiting: "○" };

function Sensors({ step }: { step: Step }): ReactElement {
  const { term } = useTexts();
  const zone = useSeat().config.time_zone;
  return (
    <ul className="tech-sensors">
      {step.seen_by.map((one) => {
        const at = instant(one.at);
        return (
          <li key={one.device + one.kind}>
            <span aria-hidden="true">{at === null ? "○" : "✓"}</span>
            <span>{term("reading", one.kind)}</span>
            <span className="tech-id">{one.device}</span>
            <span>{at === null ? "—" : timeOfDay(at, zone)}</span>
          </li>
        );
      })}
    </ul>
  );
}

/** What is missing, and beside it the way out: a reason in writing. */
function Missing({ step, checklist, asked, onFailure }: Omit<Props, "open">): ReactElement {
  const { t } = useTexts();
  const [writing, setWriting] = useState(false);
  const save = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const reason = String(new FormData(event.currentTarget).get("reason"));
    void giveReason(checklist.id, step.key, reason).then((words) => {
      onFailure(words);
      if (words === "") setWriting(false);
    });
  };
  const trouble = step.trouble !== null && <p>{t(`tech.trouble.${step.trouble}`)}</p>;
  if (!writing && !(asked && step.reason === "")) {
    return (
      <div className="tech-missing">
        {trouble}
        <button type="button" className="tech-quiet" onClick={() => setWriting(true)}>
          {t(step.reason === "" ? "tech.reason" : "tech.reason_change")}
        </button>
      </div>
    );
  }
  return (
    <form className="tech-form" onSubmit={save}>
      {trouble}
      <label>
        {t("tech.reason_label")}
        <textarea name="reason" rows={2} maxLength={300} defaultValue={step.reason} />
      </label>
      <div className="phone-pair">
        <button type="button" className="phone-button" onClick={() => setWriting(false)}>
          {t("tech.cancel")}
        </button>
        <button type="submit" className="phone-button primary">
          {t("tech.reason_save")}
        </button>
      </div>
    </form>
  );
}

function Act({ step, checklist, onFailure }: Omit<Props, "open" | "asked">): ReactElement | null {
  const { t } = useTexts();
  switch (step.kind) {
    case "gateway":
      return (
        <button type="button" className="phone-button" onClick={() => void ping(checklist.id).then(onFailure)}>
          {t("tech.ping")}
        </button>
      );
    case "hotline":
      return <HotlineForm step={step} onFailure={onFailure} />;
    case "sms":
    case "voice":
      return <ModemForm step={step} checklist={checklist} onFailure={onFailure} />;
    default:
      return null;
  }
}

export function StepCard({ step, checklist, open, asked, onFailure }: Props): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const zone = useSeat().config.time_zone;
  const nowMs = useDesk((state) => state.nowMs) ?? instant(checklist.at) ?? 0;
  const passed = step.state === "passed";
  const excused = !passed && step.reason !== "";
  const facts = factsOf(step, texts, nowMs, zone);
  return (
    <>
      <p className="tech-head">
        <span className="tech-mark" data-state={step.state} aria-hidden="true">
          {SHAPES[step.state]}
        </span>
        <b>{titleOf(step, texts)}</b>
        {step.kind === "alarm" && step.event !== null && step.trouble !== "rang_for_real" && (
          <span className="tag">{t("case.test")}</span>
        )}
        <span className="tech-state">{t(excused ? "tech.state.excused" : `tech.state.${step.state}`)}</span>
      </p>
      {step.kind !== "room" && step.subject !== "" && (
        <p className="tech-id">{[step.subject, step.model].filter((part) => part !== "").join(" · ")}</p>
      )}
      {facts.length > 0 && <p className="tech-facts">{facts.join(" · ")}</p>}
      {step.said !== "" && <p className="tech-id">{step.said}</p>}
      {step.kind === "room" && <Sensors step={step} />}
      {excused && <p>{t("tech.reason_is", { reason: step.reason })}</p>}
      {open && !passed && <Missing step={step} checklist={checklist} asked={asked} onFailure={onFailure} />}
      {!open && step.trouble !== null && <p>{t(`tech.trouble.${step.trouble}`)}</p>}
      {open && (!passed || step.kind === "gateway") && <Act step={step} checklist={checklist} onFailure={onFailure} />}
    </>
  );
}
