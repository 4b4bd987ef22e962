import { useEffect, useRef, useState, type KeyboardEvent, type ReactElement } from "react";

import type { CaseDetail, CaseSummary, Disposition } from "../api/client";
import { finish } from "../desk/actions";
import { useSeat } from "../desk/context";
import { dropLine, keptLine } from "../desk/kept";
import { useDesk } from "../desk/state";
import { phaseOf } from "../queue/phase";
import { useTexts } from "../texts/texts";
import { StillOpen, underWay } from "./StillOpen";
import "./close.css";

const DISPOSITIONS: readonly Disposition[] = [
  "real_emergency",
  "help_given",
  "false_alarm",
  "test",
  "technical",
  "service_order",
  "other",
];

function close(): void {
  useDesk.setState({ closing: false });
}

interface ChoiceProps {
  chosen: Disposition | null;
  choose: (disposition: Disposition) => void;
}

function Choice({ chosen, choose }: ChoiceProps): ReactElement {
  const { t } = useTexts();
  return (
    <fieldset>
      <legend>{t("close.disposition")}</legend>
      {DISPOSITIONS.map((disposition, index) => (
        <label key={disposition} className="choice" data-chosen={chosen === disposition || undefined}>
          <input
            type="radio"
            name="disposition"
            checked={chosen === disposition}
            onChange={() => choose(disposition)}
          />
          <kbd>{index + 1}</kbd> {t(`disposition.${disposition}`)}
        </label>
      ))}
    </fieldset>
  );
}

/** What was chosen, until the case rings again: a result is of what was known then. */
function useChoice(rings: number): { chosen: Disposition | null; choose: (disposition: Disposition) => void; rang: boolean } {
  const [first] = useState(rings);
  const [choice, setChoice] = useState<{ disposition: Disposition; rings: number } | null>(null);
  const chosen = choice?.rings === rings ? choice.disposition : null;
  const choose = (disposition: Disposition): void => setChoice({ disposition, rings });
  return { chosen, choose, rang: chosen === null && rings > (choice?.rings ?? first) };
}

interface CloseDialogProps {
  item: CaseSummary;
  detail: CaseDetail | undefined;
}

/** The only dialog, opened by the operator: a result by one key (1 to 7), Ctrl+Enter confirms, Esc goes back. */
export function CloseDialog({ item, detail }: CloseDialogProps): ReactElement {
  const { t } = useTexts();
  const dialog = useRef<HTMLDialogElement>(null);
  const { chosen, choose, rang } = useChoice(item.rings);
  const { user } = useSeat();
  // A line that was begun and not saved becomes the remark.
  const [note, setNote] = useState(() => keptLine(user.id, item.id)?.text ?? "");
  const [busy, setBusy] = useState(false);
  const stale = useDesk((state) => state.link === "stale");
  useEffect(() => dialog.current?.showModal(), []);
  // A button that did its deed and went took the keys with it.
  useEffect(() => {
    if (!dialog.current?.contains(document.activeElement)) dialog.current?.focus();
  });
  const waits = busy || stale || detail === undefined || underWay(detail).length > 0;
  const confirm = (): void => {
    if (chosen === null || waits) return;
    setBusy(true);
    void finish(item, chosen, note.trim())
      .then((done) => done && dropLine(user.id, item.id))
      .finally(() => setBusy(false));
  };
  const press = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    const digit = event.target instanceof HTMLTextAreaElement ? undefined : DISPOSITIONS[Number(event.key) - 1];
    if (event.key === "Enter" && event.ctrlKey) confirm();
    else if (digit !== undefined) choose(digit);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <dialog ref={dialog} tabIndex={-1} className="close-dialog" aria-labelledby="close-title" onClose={close} onKeyDown={press}>
      <h2 id="close-title">{t("close.title", { number: item.number })}</h2>
      <Choice chosen={chosen} choose={choose} />
      <label className="close-note">
        {t("close.note")}
        <textarea rows={2} maxLength={2000} value={note} onChange={(event) => setNote(event.target.value)} />
      </label>
      <StillOpen detail={detail} rang={rang} chosen={chosen} />
      <p className="label">
        {chosen === null ? t("close.choose") : phaseOf(item) === "held" ? t("close.also_resolves") : "\u00a0"}
      </p>
      <div className="dialog-buttons">
        <button type="button" className="plain big" onClick={close}>
          {t("close.cancel")} <kbd>Esc</kbd>
        </button>
        <button type="button" className="primary big" disabled={chosen === null || waits} onClick={confirm}>
          {t("close.confirm")} <kbd>Ctrl ⏎</kbd>
        </button>
      </div>
    </dialog>
  );
}
