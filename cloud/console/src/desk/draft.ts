/** One line being written: Enter saves it, but never while an input method composes. */
import { useState } from "react";

import { freshKey } from "../api/client";
import { explain } from "./actions";
import { useSeat } from "./context";
import { keepLine, keptLine } from "./kept";

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

/** The line being written at a place. Its key stays until it is saved, so a lost answer never doubles it. */
export function useDraft(place: string, send: (text: string, key: string) => Promise<void>): Draft {
  const user = useSeat().user.id;
  const [draft, setDraft] = useState(() => keptLine(user, place) ?? { text: "", key: freshKey() });
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");
  const change = (text: string): void => {
    const line = { text, key: freshKey() };
    setDraft(line);
    keepLine(user, place, line);
  };
  const save = (): void => {
    const text = draft.text.trim();
    if (text === "" || busy) return;
    setBusy(true);
    send(text, draft.key)
      .then(
        () => {
          change("");
          setFailure("");
        },
        (error: unknown) => setFailure(explain(error)),
      )
      .finally(() => setBusy(false));
  };
  const write = (text: string): void => {
    if (text !== draft.text) change(text);
  };
  return { text: draft.text, busy, failure, write, save };
}
