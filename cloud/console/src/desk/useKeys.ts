/** The desk's keys: F2 claims the top of the queue, F8 mutes, Ctrl+Enter closes the open case. Never a single letter. */
import { useEffect } from "react";

export interface DeskKeys {
  claimTop(): void;
  mute(): void;
  close(): void;
}

export function useKeys(keys: DeskKeys): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.repeat || event.isComposing) return;
      if (event.key === "F2") keys.claimTop();
      else if (event.key === "F8") keys.mute();
      else if (event.key === "Enter" && event.ctrlKey) keys.close();
      else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [keys]);
}
