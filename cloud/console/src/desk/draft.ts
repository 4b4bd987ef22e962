/** One line being written: Enter saves it, but never while an input method composes. */
import { useState } from "react";

import { freshKey } from "../api/client";
import { explain } from "./actions";

export const IME_KEY_CODE = 229;

/** True for the Enter that ends a line, false for the one that picks a word in an input method. */
export function endsLine(event: { key: string; isComposing: boolean; keyCode: number; ctrlKey: boolean }): boolean {
  return event.key === "Enter" && !event.isComposing && event.keyCode !== IME_KEY_CODE && !event.ctrlKey;
}

export interface Draft {
  text: string;
  busy: boolean;
  /** Why it could not be saved; "" where it could. */
  failure: string;
  write: (text: string) => void;
  save: () => void;
}

/** The line being written. Its key stays until it is saved, so a lost answer never doubles it. */
export function useDraft(send: (text: string, key: string) => Promise<void>): Draft {
  const [draft, setDraft] = useState({ text: "", key: freshKey() });
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");
  const save = (): void => {
    const text = draft.text.trim();
    if (text === "" || busy) return;
    setBusy(true);
    send(text, draft.key)
      .then(
        () => {
          setDraft({ text: "", key: freshKey() });
          setFailure("");
        },
        (error: unknown) => setFailure(explain(error)),
      )
      .finally(() => setBusy(false));
  };
  const write = (text: string): void => setDraft({ text, key: text === draft.text ? draft.key : freshKey() });
  return { text: draft.text, busy, failure, write, save };
}
