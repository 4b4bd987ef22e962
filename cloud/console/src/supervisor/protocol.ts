/** A protocol as it is being edited, what is wrong with it, and how it goes to the API. Pure. */
import type { components } from "../api/schema";
import { freshId } from "./policy";

export type Protocol = components["schemas"]["Protocol"];
export type ProtocolGiven = components["schemas"]["ProtocolGiven"];
type Given = components["schemas"]["ProtocolStep"];
export type Action = NonNullable<Given["action"]>;
export type DoneWhen = NonNullable<Given["done_when"]>;

/** What can end each action by itself, besides ticking by hand; the first is offered for a changed action. */
export const FITTING: Readonly<Record<Action, readonly DoneWhen[]>> = {
  call_resident: ["called", "connected", "by_hand"],
  call_contacts: ["called", "connected", "by_hand"],
  dispatch: ["dispatched", "accepted", "arrived", "by_hand"],
  call_119: ["by_hand"],
  call_120: ["by_hand"],
  note: ["noted", "by_hand"],
  resolve: ["resolved", "by_hand"],
  none: ["by_hand", "arrived"],
};
export const ACTIONS = Object.keys(FITTING) as readonly Action[];
/** Steps, and phrases, of one protocol. */
export const MOST = 20;

export interface StepDraft {
  /** Keeps its row while others come, go and move. */
  key: string;
  zh: string;
  en: string;
  action: Action;
  doneWhen: DoneWhen;
}

export interface PhraseDraft {
  key: string;
  zh: string;
  en: string;
}

export interface ProtocolDraft {
  id: string;
  version: number;
  zh: string;
  en: string;
  steps: readonly StepDraft[];
  phrases: readonly PhraseDraft[];
}

export function draftOf(protocol: Protocol): ProtocolDraft {
  return {
    id: protocol.key,
    version: protocol.version,
    zh: protocol.name_zh,
    en: protocol.name_en,
    steps: protocol.steps.map((step) => ({
      key: freshId(),
      zh: step.text_zh,
      en: step.text_en,
      action: step.action ?? "none",
      doneWhen: step.done_when ?? "by_hand",
    })),
    phrases: protocol.phrases.map(({ zh, en }) => ({ key: freshId(), zh, en })),
  };
}

export function freshStep(): StepDraft {
  return { key: freshId(), zh: "", en: "", action: "none", doneWhen: "by_hand" };
}

export type Wrong = "text" | "no_steps" | "fire";
/** What is wrong, by field: `zh`, `en`, `steps`, and `zh:KEY`, `en:KEY` of a step or a phrase. */
export type Mistakes = ReadonlyMap<string, Wrong>;

/** The same rules as the server's, told beside each field before it is asked. */
export function mistakesOf(draft: ProtocolDraft): Mistakes {
  const found = new Map<string, Wrong>();
  for (const language of ["zh", "en"] as const) {
    if (draft[language].trim() === "") found.set(language, "text");
    for (const line of [...draft.steps, ...draft.phrases]) {
      if (line[language].trim() === "") found.set(`${language}:${line.key}`, "text");
    }
  }
  if (draft.steps.length === 0) found.set("steps", "no_steps");
  else if (draft.id === "fire" && draft.steps[0]?.action !== "call_119") found.set("steps", "fire");
  return found;
}

/** A draft without mistakes as the API takes it. */
export function givenOf(draft: ProtocolDraft): ProtocolGiven {
  return {
    version: draft.version,
    name_zh: draft.zh.trim(),
    name_en: draft.en.trim(),
    steps: draft.steps.map((step) => ({
      text_zh: step.zh.trim(),
      text_en: step.en.trim(),
      action: step.action,
      done_when: step.doneWhen,
    })),
    phrases: draft.phrases.map(({ zh, en }) => ({ zh: zh.trim(), en: en.trim() })),
  };
}

/** Another action keeps what ends it only where that fits. */
export function withAction(step: StepDraft, action: Action): StepDraft {
  const fitting = FITTING[action];
  return { ...step, action, doneWhen: fitting.includes(step.doneWhen) ? step.doneWhen : (fitting[0] ?? "by_hand") };
}

/** The lines with the one at `place` one further up (-1) or down (1). */
export function moved<L>(lines: readonly L[], place: number, by: -1 | 1): L[] {
  const line = lines[place];
  if (line === undefined || place + by < 0 || place + by >= lines.length) return [...lines];
  return lines.toSpliced(place, 1).toSpliced(place + by, 0, line);
}
