/** Why not, and what was found: the two questions that need more than one tap. */
import { useState, type ReactElement } from "react";

import { useTexts, type TextKey } from "../texts/texts";
import { finish, OUTCOMES, refuse, type Dispatch, type Outcome } from "./reading";

interface Props {
  item: Dispatch;
  onBack: () => void;
  onFailure: (words: string) => void;
}

const REASONS = ["far", "busy", "ill", "other"] as const;

export function Refusing({ item, onBack, onFailure }: Props): ReactElement {
  const { t } = useTexts();
  const say = (reason: string): void => {
    void refuse(item.id, reason).then((words) => {
      onFailure(words);
      onBack();
    });
  };
  return (
    <section className="go-form">
      <h2>{t("go.refuse_why")}</h2>
      {REASONS.map((reason) => {
        const words = t(`go.refuse.${reason}` as TextKey);
        return (
          <button key={reason} type="button" className="phone-button" onClick={() => say(words)}>
            {words}
          </button>
        );
      })}
      <button type="button" className="phone-button" onClick={onBack}>
        {t("go.back")}
      </button>
    </section>
  );
}

export function Finishing({ item, onBack, onFailure }: Props): ReactElement {
  const { t } = useTexts();
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  const send = (): void => {
    if (outcome === null) return;
    setBusy(true);
    void finish(item.id, outcome, note.trim()).then((words) => {
      setBusy(false);
      onFailure(words);
      if (words === "") onBack();
    });
  };
  return (
    <section className="go-form">
      <h2>{t("go.finish_title")}</h2>
      <div role="radiogroup" aria-label={t("go.finish_title")} className="go-form">
        {OUTCOMES.map((one) => (
          <button
            key={one}
            type="button"
            role="radio"
            aria-checked={outcome === one}
            className={`phone-button${outcome === one ? " primary" : ""}`}
            onClick={() => setOutcome(one)}
          >
            {t(`go.outcome.${one}`)}
          </button>
        ))}
      </div>
      <label className="go-form">
        {t("go.finish_note")}
        <textarea rows={2} maxLength={500} value={note} onChange={(event) => setNote(event.target.value)} />
      </label>
      <div className="phone-pair">
        <button type="button" className="phone-button" onClick={onBack}>
          {t("go.back")}
        </button>
        <button type="button" className="phone-button primary" disabled={outcome === null || busy} onClick={send}>
          {t("go.finish_send")}
        </button>
      </div>
    </section>
  );
}
