import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactElement } from "react";

import type { CaseDetail } from "../api/client";
import { addNote } from "../api/commands";
import { takeCase } from "../api/queries";
import { useSeat } from "../desk/context";
import { endsLine, useDraft } from "../desk/draft";
import { dropLine, keptLine } from "../desk/kept";
import { phaseOf } from "../queue/phase";
import { useTexts } from "../texts/texts";
import { instant, timeOfDay } from "../time/format";
import { linesOf } from "./entries";
import { useCaseProtocol } from "./protocol";
import "./log.css";

const PHRASES = [
  "phrase.conscious",
  "phrase.cannot_get_up",
  "phrase.bleeding",
  "phrase.breathing",
  "phrase.no_answer",
  "phrase.family_told",
  "phrase.ambulance",
  "phrase.false_alarm",
] as const;
/** One line and the quick phrases of the protocol, or common ones; Enter saves, but never while an input method composes. */
function NoteInput({ detail }: { detail: CaseDetail }): ReactElement {
  const { t, language } = useTexts();
  const input = useRef<HTMLInputElement>(null);
  const draft = useDraft(detail.id, async (text, key) => takeCase(await addNote(detail.id, text, key)));
  const own = useCaseProtocol(detail).data?.phrases.map((phrase) => (language === "en" ? phrase.en : phrase.zh)) ?? [];
  const phrases = own.length > 0 ? own : PHRASES.map((phrase) => t(phrase));
  const press = (event: KeyboardEvent): void => {
    if (!endsLine(event.nativeEvent)) return;
    event.preventDefault();
    draft.save();
  };
  const insert = (phrase: string): void => {
    draft.write(draft.text === "" ? phrase : `${draft.text}${t("comma")}${phrase}`);
    input.current?.focus();
  };
  return (
    <footer className="note">
      <div className="phrases" role="group" aria-label={t("log.phrases")}>
        {phrases.map((phrase) => (
          <button key={phrase} type="button" className="plain" onClick={() => insert(phrase)}>
            {phrase}
          </button>
        ))}
      </div>
      <div className="note-line">
        <input
          ref={input}
          value={draft.text}
          maxLength={2000}
          placeholder={t("log.placeholder")}
          aria-label={t("log.placeholder")}
          onChange={(event) => draft.write(event.target.value)}
          onKeyDown={press}
        />
        <button type="button" className="plain" disabled={draft.busy || draft.text.trim() === ""} onClick={draft.save}>
          {t(draft.busy ? "log.saving" : "log.save")} <kbd>⏎</kbd>
        </button>
      </div>
      {draft.failure !== "" && (
        <p className="failure" role="alert">
          {t("log.failed", { detail: draft.failure })}
        </p>
      )}
    </footer>
  );
}

/** What was being written when somebody else closed the case: it is not kept, but not swallowed either. */
function Unsaved({ detail }: { detail: CaseDetail }): ReactElement | null {
  const { t } = useTexts();
  const { user } = useSeat();
  const [{ text }] = useState(() => keptLine(user.id, detail.id) ?? { text: "" });
  useEffect(() => dropLine(user.id, detail.id), [user.id, detail.id]);
  if (text === "") return null;
  return (
    <p className="failure note" role="alert">
      {t("log.unsaved", { text })}
    </p>
  );
}

/** The timeline, oldest first and scrolled to its newest line. */
export function Log({ detail }: { detail: CaseDetail }): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const { config, mayAct } = useSeat();
  const list = useRef<HTMLOListElement>(null);
  const lines = linesOf(detail.timeline, instant(detail.opened_at) ?? 0, texts);
  const newest = lines.at(-1)?.n;
  useLayoutEffect(() => {
    const element = list.current;
    if (element === null) return undefined;
    const showNewest = (): void => {
      element.scrollTop = element.scrollHeight;
    };
    const observer = new ResizeObserver(showNewest);
    observer.observe(element);
    showNewest();
    return () => observer.disconnect();
  }, [newest]);
  return (
    <section className="panel titled log" data-panel="log" aria-label={t("log.title")}>
      <h3>
        {t("log.title")}
        {!detail.chain_valid && <span className="overdue">{t("case.chain_broken")}</span>}
      </h3>
      <ol ref={list} className="log-list" tabIndex={0} aria-label={t("log.list_label")}>
        {lines.map((line) => (
          <li key={line.n} data-by={line.byPerson ? "person" : "system"}>
            <time title={timeOfDay(line.atMs, config.time_zone)}>{line.offset}</time>
            <b title={line.actor}>{line.actor}</b>
            <span>{line.words}</span>
          </li>
        ))}
      </ol>
      {mayAct && (phaseOf(detail) === "over" ? <Unsaved detail={detail} /> : <NoteInput detail={detail} />)}
    </section>
  );
}
