/** What technicians have proven in a home, for whoever answers for it: each check with its steps and reasons. */
import { useState, type ReactElement } from "react";

import { useSeat } from "../desk/context";
import { useTexts } from "../texts/texts";
import { dateAndTime, instant } from "../time/format";
import { useChecklist, useChecklistsOf, type ChecklistEntry, type Step } from "./reading";
import { factsOf, groupOf, GROUPS, titleOf } from "./words";
import "./records.css";

function Line({ step }: { step: Step }): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const zone = useSeat().config.time_zone;
  const passed = step.state === "passed";
  const facts = passed ? factsOf(step, texts, instant(step.at) ?? 0, zone) : [];
  const trouble = step.trouble === null ? [] : [t(`tech.trouble.${step.trouble}`)];
  return (
    <li data-state={step.state}>
      <span>
        <span className="label">{t(`tech.group.${groupOf(step)}`)}</span> {titleOf(step, texts)}
        {step.kind !== "room" && <span className="label"> {step.subject}</span>}
      </span>
      <span>{[t(passed ? "tech.state.passed" : "tech.state.failed"), ...facts, ...trouble].join(" · ")}</span>
      {!passed && <span>{t("tech.reason_is", { reason: step.reason })}</span>}
    </li>
  );
}

function Record({ id }: { id: string }): ReactElement {
  const { t } = useTexts();
  const found = useChecklist(id);
  if (found.data === undefined) return <p className="label">{t("tech.reading")}</p>;
  const steps = GROUPS.flatMap((group) => found.data.steps.filter((step) => groupOf(step) === group));
  return (
    <ul className="tech-record">
      {steps.map((step) => (
        <Line key={step.key} step={step} />
      ))}
    </ul>
  );
}

function Entry({ entry }: { entry: ChecklistEntry }): ReactElement {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const [open, setOpen] = useState(false);
  const at = instant(entry.ended_at);
  const when = at === null ? "" : dateAndTime(at, zone).slice(0, 11);
  return (
    <li>
      <p>
        <b>{when}</b> {entry.ended_by_name ?? entry.started_by_name}{" "}
        {entry.outcome === "finished" ? t("tech.record_counts", { passed: entry.passed, reasons: entry.reasons }) : t("tech.given_up")}{" "}
        {entry.outcome === "finished" && (
          <button type="button" className="plain" aria-expanded={open} onClick={() => setOpen(!open)}>
            {t(open ? "tech.record_close" : "tech.record_open", { when })}
          </button>
        )}
      </p>
      {open && <Record id={entry.id} />}
    </li>
  );
}

/** The checks of a home, newest first. */
export function Records({ home }: { home: string }): ReactElement {
  const { t } = useTexts();
  const found = useChecklistsOf(home);
  if (found.data === undefined) return <p className="label">{t(found.isError ? "resident.unreadable" : "tech.reading")}</p>;
  if (found.data.length === 0) return <p className="label">{t("tech.records_none")}</p>;
  return (
    <ul className="tech-records">
      {found.data.map((entry) => (
        <Entry key={entry.id} entry={entry} />
      ))}
    </ul>
  );
}
