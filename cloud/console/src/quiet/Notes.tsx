import type { KeyboardEvent, ReactElement } from "react";

import { useSeat } from "../desk/context";
import { endsLine, useDraft } from "../desk/draft";
import { useDesk } from "../desk/state";
import { Panel } from "../look/Panel";
import { useTexts } from "../texts/texts";
import { dateAndTime, instant, timeOfDay } from "../time/format";
import { useNotes, writeNote, type ShiftNote } from "./queries";

const SHIFT_MS = 8 * 3_600_000;
const MINUTES = 5;

/** "16:00" in the deployment's zone. */
function hourAndMinute(ms: number, zone: string): string {
  return timeOfDay(ms, zone).slice(0, MINUTES);
}

/** The notes of each shift together, newest first. */
function byShift(notes: readonly ShiftNote[]): [since: number, notes: ShiftNote[]][] {
  const shifts = new Map<number, ShiftNote[]>();
  for (const note of notes) {
    const since = instant(note.shift_since) ?? 0;
    shifts.set(since, [...(shifts.get(since) ?? []), note]);
  }
  return [...shifts];
}

function ShiftOf({ since, notes }: { since: number; notes: readonly ShiftNote[] }): ReactElement {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const running = useDesk((state) => state.nowMs !== null && state.nowMs - since < SHIFT_MS);
  const hours = { from: hourAndMinute(since, zone), to: hourAndMinute(since + SHIFT_MS, zone) };
  const title = running ? t("notes.this_shift", hours) : t("notes.shift", { date: dateAndTime(since, zone).slice(0, MINUTES), ...hours });
  return (
    <>
      <h4>{title}</h4>
      <ul>
        {notes.map((note) => (
          <li key={note.id}>
            <span className="note-by">
              <time>{hourAndMinute(instant(note.at) ?? 0, zone)}</time> {note.author}
            </span>
            <span className="note-text">{note.text}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Write(): ReactElement {
  const { t } = useTexts();
  const draft = useDraft("shift", writeNote);
  const press = (event: KeyboardEvent): void => {
    if (!endsLine(event.nativeEvent)) return;
    event.preventDefault();
    draft.save();
  };
  return (
    <div className="notes-write">
      <div className="note-line">
        <input
          value={draft.text}
          maxLength={2000}
          placeholder={t("notes.placeholder")}
          aria-label={t("notes.placeholder")}
          onChange={(event) => draft.write(event.target.value)}
          onKeyDown={press}
        />
        <button type="button" className="plain" disabled={draft.busy || draft.text.trim() === ""} onClick={draft.save}>
          {t(draft.busy ? "notes.saving" : "notes.save")} <kbd>⏎</kbd>
        </button>
      </div>
      {draft.failure !== "" && (
        <p className="failure" role="alert">
          {draft.failure}
        </p>
      )}
    </div>
  );
}

/** What the shifts tell each other. */
export function Notes(): ReactElement {
  const { t } = useTexts();
  const { mayAct } = useSeat();
  const { data, error } = useNotes();
  return (
    <Panel name="notes" title={t("notes.title")} aside={t("notes.hint")} foot={mayAct ? <Write /> : undefined}>
      {data === undefined && <p className="label">{t(error === null ? "notes.reading" : "due.unread")}</p>}
      {data?.length === 0 && <p className="label">{t("notes.none")}</p>}
      {byShift(data ?? []).map(([since, notes]) => (
        <ShiftOf key={since} since={since} notes={notes} />
      ))}
    </Panel>
  );
}
