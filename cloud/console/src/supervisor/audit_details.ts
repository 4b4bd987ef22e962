/** What is written beside an act of the audit trail, in words; what has none yet is shown as it was written. Pure. */
import { RESOURCES, type Key, type Texts } from "../texts/texts";
import { dateAndTime, instant } from "../time/format";
import { auditDetailZh } from "./audit_detail_texts";

type Words = Pick<Texts, "t" | "language">;
/** The words, the deployment's zone, and what areas are called. */
type Known = Words & { zone: string; areaName: (code: string) => string };

/** One detail; `whole` is a value that is shown shortened. */
export interface Fact {
  name: string;
  value: string;
  whole: string | undefined;
}

/** Where the words of a detail's coded values stand. */
const LISTS: Readonly<Record<string, readonly string[]>> = {
  action: ["act"],
  after: ["role", "code.limits", "reading"],
  before: ["role", "code.limits", "reading"],
  channel: ["channel"],
  event: ["code.state"],
  fields: ["code.fields"],
  group: ["code.group", "kpi.group"],
  health: ["code.health"],
  how: ["code.how"],
  kind: ["code.kind", "reading"],
  kinds: ["reading"],
  role: ["role"],
  state: ["code.state", "state", "resident.state"],
};
/** The database keeps no order of its own. */
const ORDER: readonly string[] = Object.keys(auditDetailZh);
const STEPS: ReadonlySet<string> = new Set(["step", "reasons"]);
const ID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{4}([0-9a-f]{8})/g;
const INSTANT = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/;

/** The word of a code in the first list that has it, or undefined. */
export function wordIn(lists: readonly string[], code: string, { t }: Words): string | undefined {
  const key = lists.map((list) => `${list}.${code}`).find((one) => one in RESOURCES.zh);
  return key === undefined ? undefined : t(key as Key);
}

/** Ids by their last eight digits: the first ones are the time, and alike. */
export function shortened(text: string): string {
  return text.replace(ID, "…$1");
}

/** "alarm:zb-00158d": what was to be proven, and where. */
function stepWords(step: string, words: Words): string {
  const [kind = "", ...where] = step.split(":");
  return [wordIn(["code.step"], kind, words) ?? kind, wordIn(["room"], where.join(":"), words) ?? where.join(":")].join(" ").trim();
}

function valueWords(name: string, value: unknown, words: Known): string {
  const { t, language, zone, areaName } = words;
  const again = (part: unknown): string => valueWords(name, part, words);
  if (name === "area" && typeof value === "string") return areaName(value);
  if (value === null || value === "") return t("none");
  if (typeof value === "boolean") return t(value ? "word.yes" : "word.no");
  if (Array.isArray(value)) return value.map(again).join(language === "zh" ? "、" : ", ") || t("none");
  if (typeof value === "object") {
    const parts = Object.entries(value).map(([part, one]) => `${again(part)} ${again(one)}`);
    return parts.join(language === "zh" ? "，" : ", ") || t("none");
  }
  const text = String(value);
  if (STEPS.has(name) && text.includes(":")) return stepWords(text, words);
  if (INSTANT.test(text)) return dateAndTime(instant(text) ?? 0, zone);
  return wordIn(Object.hasOwn(LISTS, name) ? (LISTS[name] ?? []) : [], text, words) ?? shortened(text);
}

function place(name: string): number {
  const found = ORDER.indexOf(`detail.${name}`);
  return found < 0 ? ORDER.length : found;
}

/** Every detail of an act. */
export function factsOf(detail: Readonly<Record<string, unknown>>, words: Known): Fact[] {
  const given = Object.entries(detail).toSorted(([a], [b]) => place(a) - place(b));
  return given.map(([name, kept]) => {
    const value = valueWords(name, kept, words);
    return { name: wordIn(["detail"], name, words) ?? name, value, whole: typeof kept === "string" && kept !== value ? kept : undefined };
  });
}
