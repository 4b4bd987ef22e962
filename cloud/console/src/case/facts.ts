/** The free fields of a profile and of needs as labelled facts, in a steady order. Pure. */
import type { TermList, Texts } from "../texts/texts";

export interface Fact {
  label: string;
  value: string;
  /** Belongs beside the name: how the elder lives, how much care is needed. */
  leading: boolean;
}

const LEADING: ReadonlySet<string> = new Set(["living", "lives_alone", "care_level"]);

function valueOf(value: unknown, t: Texts["t"]): string {
  if (Array.isArray(value)) {
    return value
      .map((part) => valueOf(part, t))
      .filter((part) => part !== "")
      .join(" · ");
  }
  if (typeof value === "boolean") return t(value ? "word.yes" : "word.no");
  if (typeof value === "object" && value !== null) {
    return Object.entries(value)
      .map(([name, part]) => `${name} ${valueOf(part, t)}`)
      .join(" · ");
  }
  return value === null || value === undefined ? "" : String(value);
}

function factsOf(fields: Readonly<Record<string, unknown>>, list: TermList, texts: Texts): Fact[] {
  return Object.entries(fields)
    .map(([name, value]) => ({ name, label: texts.term(list, name), value: valueOf(value, texts.t) }))
    .filter((fact) => fact.value !== "")
    .map(({ name, label, value }) => {
      const leading = list === "profile" && LEADING.has(name);
      return { label, value: leading && value === texts.t("word.yes") ? label : value, leading };
    });
}

export function profileFacts(profile: Readonly<Record<string, unknown>>, texts: Texts): Fact[] {
  return factsOf(profile, "profile", texts);
}

/** What matters in talking to the elder first, then the rest of the profile. */
export function needFacts(
  needs: Readonly<Record<string, unknown>>,
  profile: Readonly<Record<string, unknown>>,
  texts: Texts,
): Fact[] {
  return [...factsOf(needs, "need", texts), ...profileFacts(profile, texts).filter((fact) => !fact.leading)];
}
