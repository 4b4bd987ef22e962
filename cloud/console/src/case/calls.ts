/** Tries to reach people, read back from the notes that the call buttons write. Pure. */
import type { CaseContact, CaseEntry } from "../api/client";
import { RESOURCES, type TextKey } from "../texts/texts";
import { instant } from "../time/format";

/** Somebody to call: the elder, or a contact. */
export interface Callee {
  key: string;
  /** As the note names him: "长子 张伟". */
  who: string;
  name: string;
  relation: string;
  phones: string[];
  hasKey: boolean;
  distance: string;
}

export type Outcome = "reached" | "missed";

export interface Try {
  outcome: Outcome;
  atMs: number;
}

const SELF = "self";

/** The elder, as somebody to call. */
export function elderOf(label: string, name: string, phones: string[]): Callee {
  return { key: SELF, who: label, name, relation: label, phones, hasKey: false, distance: "" };
}

export function calleesOf(contacts: readonly CaseContact[]): Callee[] {
  return contacts.map((contact, index) => ({
    key: `${index}/${contact.phone}`,
    who: [contact.relation, contact.name].filter((part) => part !== "").join(" "),
    name: contact.name,
    relation: contact.relation,
    phones: [contact.phone],
    hasKey: contact.has_key,
    distance: contact.distance_note,
  }));
}

/** The names under which notes of either language know a person. */
export function whosOf(callee: Callee): string[] {
  if (callee.key !== SELF) return [callee.who];
  return Object.values(RESOURCES).map((words) => words["contacts.self"]);
}

/** The note that a call's outcome leaves, in one language. */
export function noteOf(template: string, who: string): string {
  return template.replace("{{who}}", who);
}

const KEYS: Readonly<Record<Outcome, TextKey>> = {
  reached: "contacts.note_reached",
  missed: "contacts.note_missed",
};
const OUTCOMES: readonly Outcome[] = ["reached", "missed"];

function outcomeOf(text: unknown, whos: readonly string[]): Outcome | undefined {
  return OUTCOMES.find((outcome) =>
    Object.values(RESOURCES).some((words) => whos.some((who) => noteOf(words[KEYS[outcome]], who) === text)),
  );
}

/** The last try to reach a person, whichever seat and language wrote it. */
export function lastTry(timeline: readonly CaseEntry[], whos: readonly string[]): Try | null {
  let found: Try | null = null;
  for (const entry of timeline) {
    if (entry.kind !== "note") continue;
    const outcome = outcomeOf(entry.data["text"], whos);
    if (outcome !== undefined) found = { outcome, atMs: instant(entry.at) ?? 0 };
  }
  return found;
}
