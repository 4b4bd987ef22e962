/** What opens above the action bar, in the case's own area: never a modal, Esc closes it, all by keyboard. */
import { useEffect, useRef, useState, type FormEvent, type KeyboardEvent, type ReactElement, type ReactNode } from "react";

import type { CaseSummary } from "../api/client";
import { followUp, handOver, makeOrder, mergeCase } from "../api/commands";
import { useSeats } from "../api/deskQueries";
import { useLiveCases } from "../api/queries";
import { attempt, report, shelve } from "../desk/actions";
import { useSeat } from "../desk/context";
import { showPanel, useDesk } from "../desk/state";
import { phaseOf } from "../queue/phase";
import { doorOf, whoAndWhat } from "../queue/wording";
import { useTexts, type Key } from "../texts/texts";
import { mergeable } from "./mergeable";

interface FrameProps {
  title: string;
  hint?: string | undefined;
  confirm: string;
  ready: boolean;
  act: () => Promise<boolean>;
  children: ReactNode;
}

function closeOnEscape(event: KeyboardEvent): void {
  if (event.nativeEvent.isComposing || event.key !== "Escape") return;
  event.stopPropagation();
  useDesk.setState({ panel: null });
}

/** A titled form of one line; confirmed by its button or by Enter in its text (not while an input method composes). */
function Frame({ title, hint, confirm, ready, act, children }: FrameProps): ReactElement {
  const { t } = useTexts();
  const form = useRef<HTMLFormElement>(null);
  const [busy, setBusy] = useState(false);
  const stale = useDesk((state) => state.link === "stale");
  useEffect(() => form.current?.querySelector<HTMLElement>("input, button")?.focus(), []);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!ready || busy || stale) return;
    setBusy(true);
    void act()
      .then((done) => done && useDesk.setState({ panel: null }))
      .finally(() => setBusy(false));
  };
  return (
    <form ref={form} className="case-panel panel" aria-label={title} onSubmit={submit} onKeyDown={closeOnEscape}>
      <b>{title}</b>
      {children}
      {hint !== undefined && <span className="label">{hint}</span>}
      <span className="panel-buttons">
        <button type="button" className="plain" onClick={() => showPanel(null)}>
          {t("panel.cancel")} <kbd>Esc</kbd>
        </button>
        <button type="submit" className="primary" disabled={!ready || busy || stale}>
          {confirm}
        </button>
      </span>
    </form>
  );
}

interface WordsProps {
  label: Key;
  value: string;
  change: (text: string) => void;
}

function Words({ label, value, change }: WordsProps): ReactElement {
  const { t } = useTexts();
  return (
    <input
      className="panel-words"
      value={value}
      maxLength={500}
      aria-label={t(label)}
      placeholder={t(label)}
      onChange={(event) => change(event.target.value)}
    />
  );
}

function Report({ item }: { item: CaseSummary }): ReactElement {
  const { t } = useTexts();
  const [note, setNote] = useState("");
  return (
    <Frame
      title={t("report.title")}
      hint={t("report.hint")}
      confirm={t("report.confirm")}
      ready
      act={() => report(item.id, note.trim())}
    >
      <Words label="panel.note" value={note} change={setNote} />
    </Frame>
  );
}

function Hand({ item }: { item: CaseSummary }): ReactElement {
  const { t } = useTexts();
  const { user } = useSeat();
  const seats = useSeats();
  const [to, choose] = useState<string | null>(null);
  const [note, setNote] = useState("");
  const others = (seats.data ?? []).filter((seat) => seat.staff_id !== user.id);
  const chosen = others.length === 1 ? others[0] : others.find((seat) => seat.seat_id === to);
  const why = seats.isError ? "hand.unreadable" : seats.data === undefined ? "hand.reading" : "hand.none";
  return (
    <Frame
      key={String(seats.data !== undefined)}
      title={t("hand.title")}
      hint={t("hand.hint")}
      confirm={chosen === undefined ? t("hand.choose") : t("hand.confirm", { name: chosen.name })}
      ready={chosen !== undefined}
      act={async () =>
        chosen !== undefined && (await attempt(() => handOver(item.id, chosen.seat_id, note.trim()))) !== null
      }
    >
      <span className="choices" role="radiogroup" aria-label={t("hand.title")}>
        {others.length === 0 && <span className="label">{t(why)}</span>}
        {others.map((seat) => (
          <button
            key={seat.seat_id}
            type="button"
            role="radio"
            className="plain"
            aria-checked={seat === chosen}
            onClick={() => choose(seat.seat_id)}
          >
            <b>{seat.name}</b> {t(`role.${seat.role}`)} · {t("hand.holds", { count: seat.cases })}
            {seat.talking && <> · {t("hand.talking")}</>}
          </button>
        ))}
      </span>
      <Words label="panel.note" value={note} change={setNote} />
    </Frame>
  );
}

const SHELF_MINUTES = [30, 60, 120, 240, 480] as const;

function Shelve({ item }: { item: CaseSummary }): ReactElement {
  const { t } = useTexts();
  const [minutes, setMinutes] = useState<number>(60);
  const [reason, setReason] = useState("");
  return (
    <Frame
      title={t("shelve.title")}
      hint={phaseOf(item) === "held" ? t("shelve.releases") : undefined}
      confirm={t("shelve.confirm")}
      ready={reason.trim() !== ""}
      act={() => shelve(item, minutes, reason.trim())}
    >
      <span className="choices" role="radiogroup" aria-label={t("shelve.for")}>
        {SHELF_MINUTES.map((count) => (
          <button
            key={count}
            type="button"
            role="radio"
            className="plain"
            aria-checked={count === minutes}
            onClick={() => setMinutes(count)}
          >
            {count < 60 ? t("shelve.minutes", { count }) : t("shelve.hours", { count: count / 60 })}
          </button>
        ))}
      </span>
      <Words label="shelve.reason" value={reason} change={setReason} />
    </Frame>
  );
}

function Merge({ item }: { item: CaseSummary }): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const { user } = useSeat();
  const live = useLiveCases();
  const [from, choose] = useState<string | null>(null);
  const others = mergeable(item, live.values());
  return (
    <Frame
      title={t("merge.title")}
      hint={t("merge.hint")}
      confirm={t("merge.confirm")}
      ready={from !== null}
      act={async () => from !== null && (await attempt(() => mergeCase(from, item.id))) !== null}
    >
      <span className="choices" role="radiogroup" aria-label={t("merge.title")}>
        {others.map((other) => {
          const taken = phaseOf(other) === "held" && other.owner?.id !== user.id;
          return (
            <button
              key={other.id}
              type="button"
              role="radio"
              className="plain"
              aria-checked={other.id === from}
              disabled={taken}
              title={taken ? t("merge.held", { name: other.owner?.name ?? "" }) : undefined}
              onClick={() => choose(other.id)}
            >
              {t("case.number", { number: other.number })} · {whoAndWhat(other, texts)} {doorOf(other)}
            </button>
          );
        })}
      </span>
    </Frame>
  );
}

function Noted({ name, send }: { name: "order" | "follow"; send: (note: string) => Promise<CaseSummary> }): ReactElement {
  const { t } = useTexts();
  const [note, setNote] = useState("");
  return (
    <Frame
      title={t(`${name}.title`)}
      confirm={t(`${name}.confirm`)}
      ready
      act={async () => (await attempt(() => send(note.trim()))) !== null}
    >
      <Words label={name === "follow" ? "follow.note" : "panel.note"} value={note} change={setNote} />
    </Frame>
  );
}

/** The panel that is open, if any. */
export function CasePanels({ item }: { item: CaseSummary }): ReactElement | null {
  const panel = useDesk((state) => state.panel);
  switch (panel) {
    case "report":
      return <Report item={item} />;
    case "hand":
      return <Hand item={item} />;
    case "shelve":
      return <Shelve item={item} />;
    case "merge":
      return <Merge item={item} />;
    case "order":
      return <Noted name="order" send={(note) => makeOrder(item.id, note)} />;
    case "follow":
      return <Noted name="follow" send={(note) => followUp(item.id, note)} />;
    default:
      return null;
  }
}
