/** Which elder or bed is looked at in place of the quiet desk; any case that opens takes the place back. */
import { create } from "zustand";

import { openCase, useDesk } from "../desk/state";

export interface Looked {
  what: "resident" | "bed";
  id: string;
  /** The case that was open before. */
  backTo: string | null;
}

export const useLooked = create<{ looked: Looked | null }>()(() => ({ looked: null }));

export function look(what: Looked["what"], id: string): void {
  const backTo = useDesk.getState().openCaseId ?? useLooked.getState().looked?.backTo ?? null;
  openCase(null);
  useLooked.setState({ looked: { what, id, backTo } });
}

export function lookAway(): void {
  const backTo = useLooked.getState().looked?.backTo ?? null;
  useLooked.setState({ looked: null });
  if (backTo !== null) openCase(backTo);
}

useDesk.subscribe((state) => {
  if (state.openCaseId !== null && useLooked.getState().looked !== null) useLooked.setState({ looked: null });
});
