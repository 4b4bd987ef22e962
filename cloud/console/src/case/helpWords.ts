/** What the timeline says of help: who was sent, who was told, and why a case went further. Pure. */
import type { CaseEntry } from "../api/client";
import type { Key, Texts } from "../texts/texts";
import { instant } from "../time/format";

const MINUTE_MS = 60_000;

export function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** The words of a code that may be newer than this console; then the code itself. */
export function wordOf(prefix: string, code: unknown, { t }: Pick<Texts, "t">): string {
  const key = `${prefix}.${text(code)}` as Key;
  const known = t(key);
  return known === key ? text(code) : known;
}

const DISPATCH: ReadonlySet<string> = new Set([
  "dispatched",
  "dispatch_undone",
  "recalled",
  "accepted",
  "eta",
  "refused",
  "no_answer",
  "arrived",
  "responder_done",
]);

/** A dispatch: what became of it, whose it is unless they say it themselves, in how many minutes, and why. */
export function dispatchWords({ kind, actor, at, data }: CaseEntry, texts: Texts): string | null {
  if (!DISPATCH.has(kind)) return null;
  const { t, term } = texts;
  const who = text(data["to"] ?? data["responder"]);
  const eta = instant(text(data["eta_at"]));
  const minutes = eta === null ? data["minutes"] : Math.max(0, Math.round((eta - (instant(at) ?? eta)) / MINUTE_MS));
  const parts = [
    who === "" || who === actor ? term("entry", kind) : t("entry.of", { what: term("entry", kind), who }),
    typeof minutes === "number" ? t("dispatch.in_minutes", { count: minutes }) : "",
    data["outcome"] === undefined ? "" : wordOf("go.outcome", data["outcome"], texts),
    text(data["reason"]),
  ];
  return parts.filter((part) => part !== "").join(t("comma"));
}

/** Whom a template's words are for. */
const READERS: Readonly<Record<string, Key>> = {
  emergency_contact: "target.contacts",
  emergency_responder: "target.responders",
  supervisor_page: "target.supervisors",
};

/** A round of messages, or what became of one of them. */
export function notifiedWords(data: CaseEntry["data"], texts: Texts): string {
  const { t, term } = texts;
  if (data["to"] !== undefined) {
    const who = wordOf("target", data["to"], texts);
    if (data["outcome"] === "too_late") return t("entry.paged_late", { who });
    const holes = Array.isArray(data["holes"]) ? data["holes"].length : 0;
    const paged = t("entry.paged", { who, count: text(data["queued"]) });
    return holes === 0 ? paged : `${paged}${t("comma")}${t("entry.paged_holes", { count: holes })}`;
  }
  const channel = `channel.${text(data["channel"])}` as Key;
  const state = `notified.${text(data["state"])}` as Key;
  if (t(channel) === channel || t(state) === state) return term("entry", "notified");
  const told = t("entry.notified_as", { channel: t(channel), state: t(state) });
  const reader = READERS[text(data["template"])];
  return reader === undefined ? told : t("entry.of", { what: told, who: t(reader) });
}
