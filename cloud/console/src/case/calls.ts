/** Tries to reach people, read back from the notes that the call buttons write. Pure. */
import type { CaseContact, CaseEntry } from "../api/client";
import { RESOURCES, type TextKey, type Values } from "../texts/texts";
import type { Call } from "../desk/state";
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
  /** From the elder's home; null where nobody knows. */
  distanceM: number | null;
}

export type Outcome = "reached" | "missed";

export interface Try {
  outcome: Outcome;
  atMs: number;
}

const SELF = "self";
/** How the notes of either language name the elder. */
const SELVES: readonly string[] = Object.values(RESOURCES).map((words) => words["contacts.self"]);

/** How the server names whom a key of a callee stands for. */
export function calledOf(key: string): "resident" | "contact" {
  return key === SELF ? "resident" : "contact";
}

/** The elder, as somebody to call. */
export function elderOf(label: string, name: string, phones: string[]): Callee {
  return { key: SELF, who: label, name, relation: label, phones, hasKey: false, distance: "", distanceM: null };
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
    distanceM: contact.distance_m,
  }));
}

/** How a timeline names a number that is nobody's: its last four digits. */
function ending(phone: string): string {
  const digits = phone.replaceAll(/\D/g, "");
  return digits.length > 4 ? `…${digits.slice(-4)}` : digits;
}

/** The names under which notes of either language, and the telephone system, know a person. */
export function whosOf(callee: Callee): string[] {
  const endings = callee.phones.map(ending);
  if (callee.key !== SELF) return [callee.who, `${callee.name} ${callee.relation}`.trim(), ...endings];
  return [...SELVES, ...endings];
}

export function isElder(callee: Callee): boolean {
  return callee.key === SELF;
}

/** Whether both spell one number, as far as a screen must know it. */
export function sameNumber(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => text.replaceAll(/\D/g, "").replace(/^(00)?86(?=1\d{10}$)/, ""));
  return a !== "" && a === b;
}

/** True while this person is called from this case, by hand or by the telephone system. */
export function isCalled(call: Call | null, caseId: string, callee: Callee): boolean {
  if (call === null || call.caseId !== caseId) return false;
  const { number } = call;
  return number === undefined ? call.key === callee.key : callee.phones.some((phone) => sameNumber(phone, number));
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

/** What a call button wrote, in whichever language: the outcome, and whom it names; null for a note of other words. */
function writtenIn(text: unknown): { outcome: Outcome; who: string } | null {
  if (typeof text !== "string") return null;
  for (const words of Object.values(RESOURCES)) {
    for (const outcome of OUTCOMES) {
      const [before = "", after = ""] = words[KEYS[outcome]].split("{{who}}");
      if (text.length <= before.length + after.length || !text.startsWith(before) || !text.endsWith(after)) continue;
      return { outcome, who: text.slice(before.length, text.length - after.length) };
    }
  }
  return null;
}

/** A note in the reader's own language where a call button wrote it; names stay as they are. */
export function noteWords(text: string, t: (key: TextKey, values?: Values) => string): string {
  const written = writtenIn(text);
  if (written === null) return text;
  return t(KEYS[written.outcome], { who: SELVES.includes(written.who) ? t("contacts.self") : written.who });
}

function outcomeOf(text: unknown, whos: readonly string[]): Outcome | undefined {
  const written = writtenIn(text);
  return written !== null && whos.includes(written.who) ? written.outcome : undefined;
}

const CALL_ENDS: Readonly<Record<string, Outcome>> = {
  ended: "reached",
  no_answer: "missed",
  busy: "missed",
  failed: "missed",
};
const CALL_BACKS: Readonly<Record<string, Outcome>> = {
  answered_ok: "reached",
  needs_help: "reached",
  no_answer: "missed",
  busy: "missed",
  wrong_number: "missed",
};

/** What an entry tells of a try to reach one of these names. */
function triedIn({ kind, data }: CaseEntry, whos: readonly string[]): Outcome | undefined {
  switch (kind) {
    case "note":
      return outcomeOf(data["text"], whos);
    case "call":
      return whos.includes(String(data["to"])) ? CALL_ENDS[String(data["state"])] : undefined;
    case "call_back":
      return whos.includes(RESOURCES.zh["contacts.self"]) ? CALL_BACKS[String(data["outcome"])] : undefined;
    default:
      return undefined;
  }
}

/** Whether the elder was called and nobody has said yet what it came to. */
export function awaitsOutcome(timeline: readonly CaseEntry[], elder: Callee): boolean {
  const whos = whosOf(elder);
  const tried = timeline.findLastIndex((entry) => entry.kind !== "call_back" && triedIn(entry, whos) !== undefined);
  return tried >= 0 && timeline.findLastIndex((entry) => entry.kind === "call_back") < tried;
}

/** The last try to reach a person, whichever seat and language wrote it. */
export function lastTry(timeline: readonly CaseEntry[], whos: readonly string[]): Try | null {
  let found: Try | null = null;
  for (const entry of timeline) {
    const outcome = triedIn(entry, whos);
    if (outcome !== undefined) found = { outcome, atMs: instant(entry.at) ?? 0 };
  }
  return found;
}
