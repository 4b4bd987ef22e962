/** One record of a list being edited: which, its draft, what came of saving it. */
import { useState } from "react";

import { ApiError } from "../api/client";
import { queries } from "../api/queries";
import { textNow } from "../texts/texts";
import { detailOf } from "./reading";

export interface Editor<D> {
  draft: D | null;
  /** What is said about the last save; null for nothing. */
  said: string | null;
  /** Somebody was quicker: the newest version must be loaded. */
  outdated: boolean;
  busy: boolean;
  /** Mistakes are told after the first attempt to save. */
  tried: boolean;
  begin(draft: D | null): void;
  change(part: Partial<D>): void;
  save(send: () => Promise<{ version: number } | null>, mistakes: number): void;
}

interface State<D> {
  draft: D | null;
  said: string | null;
  outdated: boolean;
  busy: boolean;
  tried: boolean;
}

function newest(error: unknown): string | null {
  if (!(error instanceof ApiError) || error.status !== 409) return null;
  const version = (error.problem as Record<string, unknown> | null)?.["version"];
  return typeof version === "number" ? String(version) : null;
}

/** `key` names the list that is read again after a save. */
export function useEditor<D extends { version: number }>(key: string): Editor<D> {
  const [state, setState] = useState<State<D>>({ draft: null, said: null, outdated: false, busy: false, tried: false });
  const merge = (part: Partial<State<D>>): void => setState((before) => ({ ...before, ...part }));
  const saved = (made: { version: number } | null): void => {
    void queries.invalidateQueries({ queryKey: ["chief", key] });
    void queries.invalidateQueries({ queryKey: ["chief", "gaps"] });
    if (made === null) merge({ draft: null, busy: false, said: null, tried: false, outdated: false });
    else {
      setState((before) => ({
        draft: before.draft === null ? null : { ...before.draft, version: made.version },
        said: textNow("chief.saved", { version: made.version }),
        outdated: false,
        busy: false,
        tried: false,
      }));
    }
  };
  const failed = (error: unknown): void => {
    const version = newest(error);
    const said =
      version === null ? textNow("chief.refused", { detail: detailOf(error) }) : textNow("chief.stale_version", { version });
    merge({ busy: false, outdated: version !== null, said });
  };
  return {
    ...state,
    begin: (draft) => setState({ draft, said: null, outdated: false, busy: false, tried: false }),
    change: (part) =>
      setState((before) => (before.draft === null ? before : { ...before, said: null, draft: { ...before.draft, ...part } })),
    save(send, mistakes) {
      if (mistakes > 0) return merge({ tried: true, said: null });
      merge({ busy: true, said: null, tried: true });
      send().then(saved, failed);
      return undefined;
    },
  };
}
