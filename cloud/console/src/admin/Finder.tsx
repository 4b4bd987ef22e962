import { useState, type ReactElement } from "react";

import { useSettled } from "../look/useSettled";
import { useTexts, type Key } from "../texts/texts";

/** The line above a list that narrows it, and what it says once the typing pauses. */
export function useFinder(hint: Key): [line: ReactElement, text: string] {
  const { t } = useTexts();
  const [text, setText] = useState("");
  const [composing, setComposing] = useState(false);
  const settled = useSettled(text, composing);
  const line = (
    <input
      type="search"
      className="find"
      aria-label={t(hint)}
      placeholder={t(hint)}
      maxLength={100}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onCompositionStart={() => setComposing(true)}
      onCompositionEnd={() => setComposing(false)}
    />
  );
  return [line, settled];
}
