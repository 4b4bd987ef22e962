/** The checklist of a home: every step with its live result, test mode above, what comes next below. */
import { useEffect, useRef, useState, type ReactElement } from "react";
import { useNavigate, useParams } from "react-router";

import { useSeat } from "../desk/context";
import { useDesk } from "../desk/state";
import { Frame } from "../phone/Frame";
import { useTexts } from "../texts/texts";
import { dateAndTime, instant, span } from "../time/format";
import { finish, setTestMode, useChecklist, type Checklist, type Step } from "./reading";
import { StepCard } from "./StepCard";
import { useServerTime } from "./useServerTime";
import { groupOf, GROUPS, type Group } from "./words";

const TEST_MINUTES = 15;

function settled(step: Step): boolean {
  return step.state === "passed" || step.reason !== "";
}

function cardId(step: Step): string {
  return `step-${step.key}`;
}

/** What is left of test mode, ms; null outside it. */
function useTestLeft(checklist: Checklist): number | null {
  const nowMs = useDesk((state) => state.nowMs);
  const until = instant(checklist.test_until);
  return until === null || nowMs === null || until <= nowMs ? null : until - nowMs;
}

function Banner({ left }: { left: number }): ReactElement {
  const { t } = useTexts();
  return (
    <>
      <p className="tech-banner" role="timer" data-test-mode>
        {t("tech.test_on", { span: span(left) })}
      </p>
      <p className="quiet-note">{t("tech.test_note")}</p>
    </>
  );
}

interface SectionProps {
  group: Group;
  checklist: Checklist;
  asked: string;
  onFailure: (words: string) => void;
}

export function Section({ group, checklist, asked, onFailure }: SectionProps): ReactElement | null {
  const { t } = useTexts();
  const steps = checklist.steps.filter((step) => groupOf(step) === group);
  if (steps.length === 0) return null;
  const open = checklist.outcome === null;
  return (
    <section data-group={group} aria-label={t(`tech.group.${group}`)}>
      <h2>
        {t(`tech.group.${group}`)}
        <span>{t("tech.count", { done: steps.filter(settled).length, all: steps.length })}</span>
      </h2>
      {open && group === "alarm" && <p className="quiet-note">{t("tech.alarm_note")}</p>}
      {open && group === "room" && <p className="quiet-note">{t("tech.room_note")}</p>}
      <ul className="tech-steps">
        {steps.map((step) => (
          <li key={step.key} id={cardId(step)} data-step={step.key} data-state={step.state}>
            <StepCard step={step} checklist={checklist} open={open} asked={asked === step.key} onFailure={onFailure} />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface BarProps {
  checklist: Checklist;
  left: number | null;
  onNext: () => void;
  onFinish: () => void;
  onFailure: (words: string) => void;
}

function Bar({ checklist, left, onNext, onFinish, onFailure }: BarProps): ReactElement {
  const { t } = useTexts();
  const done = checklist.missing.length === 0;
  const test = (): void => void setTestMode(checklist.id, TEST_MINUTES).then(onFailure);
  return (
    <footer className="tech-bar">
      <button type="button" onClick={test}>
        {t(left === null ? "tech.test_begin" : "tech.test_more")}
      </button>
      {left !== null && (
        <button type="button" onClick={() => void setTestMode(checklist.id, 0).then(onFailure)}>
          {t("tech.test_end")}
        </button>
      )}
      <button type="button" className={done ? "" : "primary"} disabled={done} onClick={onNext}>
        {t("tech.next")}
      </button>
      <button type="button" className={done ? "primary" : ""} onClick={onFinish}>
        {t("tech.finish")}
      </button>
    </footer>
  );
}

/** Where, by whom, and how much of it is done. */
function Head({ checklist }: { checklist: Checklist }): ReactElement {
  const { t } = useTexts();
  const done = checklist.steps.length - checklist.missing.length;
  return (
    <section data-section="home">
      <p className="tech-place">{checklist.place}</p>
      <p className="quiet-note">
        {t("tech.progress", { done, all: checklist.steps.length })} · {checklist.started_by_name}
      </p>
      {checklist.missing.length === 0 && <p role="status">{t("tech.all_done")}</p>}
    </section>
  );
}

/** Who finished it and when; in view at once, wherever in the list its last button was. */
function Ended({ checklist }: { checklist: Checklist }): ReactElement {
  const { t } = useTexts();
  const section = useRef<HTMLElement>(null);
  useEffect(() => section.current?.scrollIntoView({ block: "center" }), []);
  const zone = useSeat().config.time_zone;
  const at = instant(checklist.ended_at);
  return (
    <section ref={section} data-section="ended" role="status">
      <p className="tech-place">{checklist.place}</p>
      <p>
        <b>{t(checklist.outcome === "finished" ? "tech.done" : "tech.given_up")}</b>
      </p>
      <p>{t("tech.done_by", { name: checklist.ended_by_name ?? checklist.started_by_name, when: at === null ? "" : dateAndTime(at, zone) })}</p>
    </section>
  );
}

/** Brings a step under the thumb. */
function show(key: string | undefined): void {
  if (key !== undefined) document.getElementById(`step-${key}`)?.scrollIntoView({ block: "center" });
}

function Steps({ checklist, failed }: { checklist: Checklist; failed: boolean }): ReactElement {
  const { t } = useTexts();
  const go = useNavigate();
  const heardMs = useDesk((state) => state.heardMs);
  const left = useTestLeft(checklist);
  const [asked, setAsked] = useState("");
  const [failure, setFailure] = useState("");
  const [at, setAt] = useState("");
  const open = checklist.outcome === null;
  // Pressed again it goes on to the one after, and from the last to the first.
  const next = (): void => {
    const key = checklist.missing[checklist.missing.indexOf(at) + 1] ?? checklist.missing[0];
    setAt(key ?? "");
    show(key);
  };
  const end = (): void => {
    const [first] = checklist.missing;
    if (first === undefined) return void finish(checklist.id).then(setFailure);
    setAsked(first);
    setFailure(t("tech.left", { count: checklist.missing.length }));
    show(first);
  };
  const bar = <Bar checklist={checklist} left={left} onNext={next} onFinish={end} onFailure={setFailure} />;
  const notice = failure === "" ? null : <p className="tech-failure" role="alert">{failure}</p>;
  return (
    <Frame
      title={t("tech.title")}
      name={t("tech.title")}
      shownAtMs={heardMs}
      failed={failed}
      foot={
        <>
          {notice}
          {open && bar}
        </>
      }
    >
      {left !== null && <Banner left={left} />}
      {open ? <Head checklist={checklist} /> : <Ended checklist={checklist} />}
      {GROUPS.map((group) => (
        <Section key={group} group={group} checklist={checklist} asked={asked} onFailure={setFailure} />
      ))}
      <button type="button" className="phone-button" onClick={() => void go("/tech")}>
        {t("tech.back")}
      </button>
    </Frame>
  );
}

export function Walk(): ReactElement {
  const { t } = useTexts();
  const { id = "" } = useParams();
  const found = useChecklist(id);
  useServerTime(found.data?.outcome === null ? found.data.at : undefined, found.isError);
  if (found.data !== undefined) return <Steps checklist={found.data} failed={found.isError} />;
  return (
    <Frame title={t("tech.title")} name={t("tech.title")} shownAtMs={null} failed={found.isError}>
      <p role="status">{t("tech.reading")}</p>
    </Frame>
  );
}
