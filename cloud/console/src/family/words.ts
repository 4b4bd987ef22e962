/** A family's words for what the service knows. Pure. */
import { gravestFirst, type TextKey, type Texts } from "../texts/texts";
import { clockOf, minutesTo, whenOf } from "../phone/times";
import { age, instant } from "../time/format";
import type { Elder, FamilyCase, FamilyFact, FamilyPage, FamilyStep } from "./reading";

const CHILD = /^(长|次|三|四|小|大|二|独生)?(子|女|儿子|女儿)$/;
const SPOUSE = /^(配偶|老伴|妻子|丈夫|爱人)$/;

/** What the one who looks calls the elder: 妈妈, 爸爸, 老伴; null where the relation does not tell. */
export function callName({ relation, sex }: Pick<Elder, "relation" | "sex">): TextKey | null {
  if (SPOUSE.test(relation)) return "family.spouse";
  if (!CHILD.test(relation)) return null;
  if (sex === "female") return "family.mother";
  return sex === "male" ? "family.father" : null;
}

/** "跌倒 + 紧急求助" */
export function whatOf(item: FamilyCase, { term }: Texts): string {
  return gravestFirst(item.kinds)
    .map((kind) => term("event", kind))
    .join(" + ");
}

/** The headline of a case. */
export function headline(item: FamilyCase, nowMs: number, zone: string, texts: Texts): string {
  if (item.outcome === "false_alarm") return texts.t("family.false");
  const time = whenOf(item.occurred_at, nowMs, zone);
  return texts.t(`family.stage.${item.stage}`, { time, what: whatOf(item, texts) });
}

function known(texts: Texts, prefix: string, code: string, other: TextKey): string {
  const key = `${prefix}.${code}` as TextKey;
  const words = texts.t(key);
  return words === key ? texts.t(other) : words;
}

/** One step of the thread. */
export function stepWords(step: FamilyStep, item: FamilyCase, nowMs: number, zone: string, texts: Texts): string {
  const { t, term } = texts;
  const { who } = step;
  switch (step.step) {
    case "raised":
      return item.room === "" ? t("family.step.raised") : t("family.step.raised_in", { room: term("room", item.room) });
    case "spoken":
      return known(texts, "family.spoken", step.outcome, "family.spoken.other");
    case "coming": {
      const arrived = item.steps.some((other) => other.step === "arrived" && other.who === who);
      if (step.eta_at === null || arrived) return t("family.step.coming", { who });
      const time = clockOf(step.eta_at, zone);
      const minutes = minutesTo(step.eta_at, nowMs);
      return minutes === null
        ? t("family.step.coming_late", { who, time })
        : t("family.step.coming_in", { who, minutes, time });
    }
    case "over":
      return t("family.step.over", { outcome: known(texts, "disposition", step.outcome, "disposition.other") });
    default:
      return t(`family.step.${step.step}`, { who });
  }
}

/** "3 分钟前"; "" where there is no time. */
export function ageWords(iso: string | null, nowMs: number, { t }: Texts): string {
  const at = instant(iso);
  if (at === null) return "";
  const { count, unit } = age(nowMs - at);
  return t(`age.${unit}`, { count });
}

export interface FactWords {
  value: string;
  /** Reason, usual band or age. */
  note: string;
}

/** A fact in words: a dash has its reason, a value its age. */
export function factWords(fact: FamilyFact, nowMs: number, zone: string, texts: Texts): FactWords {
  const { t } = texts;
  const aged = ageWords(fact.at, nowMs, texts);
  if (fact.value === null) {
    const why = t(`family.why.${fact.why ?? "no_data"}`);
    return { value: t("phone.dash"), note: aged === "" ? why : `${why} · ${aged}` };
  }
  switch (fact.what) {
    case "bed": {
      const state = t(fact.value >= 0.5 ? "family.bed.in" : "family.bed.out");
      const time = fact.since === null ? null : whenOf(fact.since, nowMs, zone);
      return { value: time === null ? state : t("family.bed.since", { state, time }), note: aged };
    }
    case "activity":
      return { value: t("family.activity.seen"), note: aged };
    case "heart_rate": {
      const value = t("family.heart_rate.value", { value: Math.round(fact.value) });
      const { low, high } = fact;
      return { value, note: low === null || high === null ? aged : `${t("family.usual", { low, high })} · ${aged}` };
    }
    case "watch":
      return { value: t(fact.value >= 0.5 ? "family.watch.on" : "family.watch.off"), note: aged };
  }
}

/** The night in words; null with a reason. */
export function nightWords(night: NonNullable<FamilyPage["night"]>, { t }: Texts): FactWords {
  if (night.in_bed_min === null || night.times_out === null) {
    return { value: t("phone.dash"), note: t(`family.why.${night.why ?? "no_data"}`) };
  }
  const hours = Math.floor(night.in_bed_min / 60);
  const value = t("family.night.words", { hours, minutes: night.in_bed_min % 60, times: night.times_out });
  return { value, note: t("family.night.span") };
}
