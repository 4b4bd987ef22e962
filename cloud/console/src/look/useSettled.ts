/** What is looked for, in a line that is being typed. */
import { useEffect, useState } from "react";

const PAUSE_MS = 150;

/** What is looked for, once the typing pauses; nothing while an input method composes. */
export function useSettled(text: string, composing: boolean): string {
  const [settled, setSettled] = useState("");
  useEffect(() => {
    if (composing) return undefined;
    const timer = setTimeout(() => setSettled(text.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, composing]);
  return text.trim() === "" ? "" : settled;
}
