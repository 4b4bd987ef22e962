/** The timeline as lines to read: offsets from the alarm, words for each kind, repeats of one kind told once. Pure. */
import type { CaseEntry } from "../api/client";
import type { Key, Texts } from "../texts/texts";
import { instant, span } from "../time/format";
import { noteWords } from "./calls";
import { dispatchWords, notifiedWords, text, wordOf } from "./helpWords";

export interface Line {
  n: number;
  atMs: number;
  /** "+00:19" */
  offset: string;
  actor: string;
  words: string;
  /** A person's line is dark, the system's is grey. */
  byPerson: boolean;
}

const SYSTEM = "system";

/** What one entry says. An unknown kind is shown by its name, never dropped. */
export function wordsOf(entry: CaseEntry, texts: Texts): string {
  const { t, term } = texts;
  const { data } = entry;
  switch (entry.kind) {
    case "opened":
    case "shown":
    case "claimed":
    case "renewed":
    case "warned":
    case "released":
    case "door_code_viewed":
      return t(`entry.${entry.kind}`);
    case "alarm":
      return t("entry.alarm", { what: alarmWords(data, texts) });
    case "cleared":
    case "cancelled":
      return t(`entry.${entry.kind}`, { what: term("event", text(data["kind"])) });
    case "rang":
      return t("entry.rang", { count: text(data["rings"]) });
    case "step_done":
      return t(data["needed"] === false ? "entry.step_skipped" : "entry.step_done", {
        what: text(texts.language === "en" ? data["text_en"] : data["text"]),
      });
    case "note":
      return noteWords(text(data["text"]), t);
    case "call":
      if (typeof data["state"] === "string") return phoneWords(data, texts);
      return data["call_s"] === 0 ? t("entry.call_ended") : t("entry.call");
    case "escalated":
      if (data["reason"] === "by_hand") return withNote(t("entry.escalated_by_hand"), data);
      return t("entry.escalated", { why: wordOf("escalation", data["reason"], texts) });
    case "returned":
      return t("entry.returned", { why: wordOf("escalation", data["reason"], texts) });
    case "handed_over":
      return handedWords(data, texts);
    case "taken_over":
      return t("entry.taken_from", { name: text(data["owner"]) });
    case "merged": {
      const into = data["into_number"];
      return withNote(
        into === undefined
          ? t("entry.merged_from", { number: text(data["from_number"]) })
          : t("entry.merged_into", { number: text(into) }),
        data,
      );
    }
    case "call_back":
      return withNote(t("entry.called_back", { outcome: wordOf("call", data["outcome"], texts) }), data);
    case "notified":
      return notifiedWords(data, texts);
    case "shelved":
      return t("entry.shelved_for", { minutes: minutesOf(entry), reason: text(data["reason"]) });
    case "resolved":
      return t("entry.resolved");
    case "closed":
      return withNote(t("entry.closed", { result: wordOf("disposition", data["disposition"], texts) }), data);
    default:
      return withNote(dispatchWords(entry, texts) ?? term("entry", entry.kind), data);
  }
}

/** A call of the telephone system: with whom, and what became of it. */
function phoneWords(data: CaseEntry["data"], { t }: Texts): string {
  const who = text(data["to"] ?? data["from"]);
  const key = `entry.phone.${text(data["state"])}` as Key;
  const words = t(key, { who });
  return words === key ? `${who} ${text(data["state"])}` : words;
}

/** Handed over by somebody, or because they signed off. */
function handedWords(data: CaseEntry["data"], { t }: Texts): string {
  const words = data["to"] === "queue" ? t("entry.handed_to_queue") : t("entry.handed_to", { name: text(data["to"]) });
  return withNote(words, data["note"] === "signed_off" ? { note: t("entry.signed_off") } : data);
}

function minutesOf({ at, data }: CaseEntry): number {
  const [from, until] = [instant(at), instant(text(data["until"]))];
  return from === null || until === null ? 0 : Math.round((until - from) / 60_000);
}

function withNote(words: string, data: CaseEntry["data"]): string {
  const note = text(data["note"]);
  return note === "" ? words : `${words} — ${note}`;
}

function alarmWords(data: CaseEntry["data"], { term }: Texts): string {
  const room = text(data["room"]);
  const what = term("event", text(data["kind"]));
  return room === "" ? what : `${what} · ${term("room", room)}`;
}

/** A call that holds the case is begun again each few minutes; a screen shows each ring: once is enough to read. */
function isEcho(entry: CaseEntry, before: CaseEntry | undefined): boolean {
  if (before === undefined || entry.kind !== before.kind || entry.actor !== before.actor) return false;
  if (entry.kind === "renewed" || entry.kind === "shown") return true;
  return entry.kind === "call" && Boolean(entry.data["call_s"]) && Boolean(before.data["call_s"]);
}

/** Where each message's last word stands: what it said before is of no use any more. */
function lastWords(timeline: readonly CaseEntry[]): ReadonlyMap<unknown, number> {
  return new Map(timeline.flatMap(({ kind, data }, index) => (kind === "notified" && data["id"] !== undefined ? [[data["id"], index]] : [])));
}

/** The same said of several messages is one line. */
function folded(lines: readonly Line[], texts: Texts): Line[] {
  const found: (Line & { times: number })[] = [];
  for (const line of lines) {
    const last = found.at(-1);
    if (last !== undefined && !line.byPerson && !last.byPerson && last.words === line.words) last.times += 1;
    else found.push({ ...line, times: 1 });
  }
  for (const line of found) {
    if (line.times > 1) line.words += ` ${texts.t("entry.times", { count: line.times })}`;
  }
  return found;
}

/** Lines oldest first, counted from `alarmMs`. */
export function linesOf(timeline: readonly CaseEntry[], alarmMs: number, texts: Texts): Line[] {
  const last = lastWords(timeline);
  const lines = timeline
    .filter((entry, index) => !isEcho(entry, timeline[index - 1]) && (last.get(entry.data["id"]) ?? index) === index)
    .map((entry) => {
      const atMs = instant(entry.at) ?? alarmMs;
      const byPerson = entry.actor !== SYSTEM;
      return {
        n: entry.n,
        atMs,
        offset: `+${span(atMs - alarmMs)}`,
        actor: byPerson ? entry.actor : texts.t("log.system"),
        words: wordsOf(entry, texts),
        byPerson,
      };
    });
  return folded(lines, texts);
}
