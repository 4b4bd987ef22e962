import { useEffect, useLayoutEffect, useRef, type ReactElement, type RefObject } from "react";

import type { CaseDetail } from "../api/client";
import { useSeat } from "../desk/context";
import { tell, useDesk } from "../desk/state";
import { Panel } from "../look/Panel";
import { textNow, useTexts } from "../texts/texts";
import { instant, timeOfDay } from "../time/format";
import { Alarms } from "./Alarms";
import type { Callee } from "./calls";
import { currentStep, undoable, useCaseProtocol, type CaseProtocol, type CaseStep } from "./protocol";
import { undoDispatch } from "./sending";
import { StepButtons } from "./StepButtons";
import type { Calls } from "./useCall";
import "./steps.css";

interface StepsProps {
  detail: CaseDetail;
  elder: Callee;
  callees: readonly Callee[];
  calls: Calls;
  mine: boolean;
}

/** For five seconds nobody has been called yet: the dispatch can be taken back. */
function Undo({ detail }: { detail: CaseDetail }): ReactElement | null {
  const { t } = useTexts();
  const now = useDesk((state) => state.nowMs);
  const found = now === null ? null : undoable(detail.dispatches, now);
  if (found === null) return null;
  const { dispatch, leftS } = found;
  return (
    <button type="button" className="plain undo" onClick={() => void undoDispatch(dispatch)}>
      {t("steps.undo", { name: dispatch.name, left: leftS })}
    </button>
  );
}

function Step({ step, protocol, ...room }: StepsProps & { step: CaseStep; protocol: CaseProtocol }): ReactElement {
  const { t, language } = useTexts();
  const zone = useSeat().config.time_zone;
  const doneMs = instant(step.done_at);
  const time = doneMs === null ? "" : timeOfDay(doneMs, zone);
  const current = step.progress === "current";
  const words = language === "en" ? step.text_en : step.text_zh;
  const row = useRef<HTMLLIElement>(null);
  useLayoutEffect(() => {
    if (current) row.current?.scrollIntoView({ block: "nearest" });
  }, [current]);
  const { detail, mine } = room;
  return (
    <li ref={row} data-progress={step.progress} aria-current={current ? "step" : undefined}>
      <span className="step-number" aria-label={`${step.number} ${t(`steps.${step.progress}`)}`}>
        {step.progress === "done" ? (step.needed ? "✓" : "–") : step.number}
      </span>
      <span className="step-text" title={current ? undefined : words}>{words}</span>
      {time !== "" && <time title={step.done_by ?? ""}>{step.needed ? time : t("steps.skipped", { time })}</time>}
      {step.progress === "done" && step.action === "dispatch" && mine && <Undo detail={detail} />}
      {current && mine && <StepButtons step={step} room={{ protocol, ...room }} />}
    </li>
  );
}

/** F9 where the current step sends nobody says so; a step that does answers the key itself. */
function useF9Elsewhere(protocol: CaseProtocol | undefined, mine: boolean): void {
  const current = protocol === undefined ? undefined : currentStep(protocol);
  const why = !mine || protocol === undefined || current?.action === "dispatch" ? null : current === undefined ? "steps.all_done" : "steps.f9_not_now";
  useEffect(() => {
    if (why === null) return undefined;
    const press = (event: KeyboardEvent): void => {
      if (event.key !== "F9" || event.repeat || event.isComposing) return;
      event.preventDefault();
      tell(textNow(why));
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [why]);
}

/** Writes out the steps that the panel has room for, those to come first; the others stay cut to a line. */
function writeOut(list: HTMLElement | null): void {
  const body = list?.parentElement;
  if (!list || !body) return;
  const rows = ([...list.children] as HTMLElement[]).map((row) => ({ row, done: Number(row.dataset["progress"] === "done") }));
  for (const { row } of rows) row.dataset["cut"] = "";
  for (const { row } of rows.toSorted((a, b) => a.done - b.done)) {
    delete row.dataset["cut"];
    if (body.scrollHeight > body.clientHeight) row.dataset["cut"] = "";
  }
}

/** A list whose steps are written out again whenever they or their room change. */
function useWrittenOut(): RefObject<HTMLOListElement | null> {
  const list = useRef<HTMLOListElement>(null);
  useLayoutEffect(() => writeOut(list.current));
  useEffect(() => {
    const seen = new ResizeObserver(() => writeOut(list.current));
    if (list.current?.parentElement) seen.observe(list.current.parentElement);
    return () => seen.disconnect();
  }, []);
  return list;
}

/** What is to be done, numbered: done steps with their time, exactly one current with its buttons; then what rang. */
export function Steps(props: StepsProps): ReactElement {
  const { t, language } = useTexts();
  const { detail } = props;
  const { data: protocol, isError } = useCaseProtocol(detail);
  useF9Elsewhere(protocol, props.mine);
  const list = useWrittenOut();
  const name = protocol === undefined ? "" : language === "en" ? protocol.name_en : protocol.name_zh;
  const aside = protocol === undefined ? undefined : t("steps.version", { name, version: protocol.version });
  return (
    <Panel name="steps" title={t("steps.title")} aside={aside} foot={<Alarms detail={detail} />}>
      {protocol === undefined && <p className="label">{t(isError ? "steps.unreadable" : "steps.loading")}</p>}
      <ol ref={list} className="step-list">
        {protocol?.steps.map((step) => (
          <Step key={step.number} step={step} protocol={protocol} {...props} />
        ))}
      </ol>
      {protocol !== undefined && currentStep(protocol) === undefined && <p className="label">{t("steps.all_done")}</p>}
    </Panel>
  );
}
