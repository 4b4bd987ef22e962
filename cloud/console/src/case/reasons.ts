/** Why it rings, in words: the rules' reasons without what the title says already. Pure. */
import type { CaseDetail } from "../api/client";
import type { Texts } from "../texts/texts";

const SAID_BY_TITLE = /_(raised|suspected|updated|cleared|cancelled|restored)$/;

const QUESTION = /^ask_/;

/** Reasons that carry a reading or a number in their code. */
const SHAPES: readonly { shape: RegExp; say: (found: RegExpExecArray, texts: Texts) => string }[] = [
  { shape: /^news2_(\d+)$/, say: ([, count = ""], { t }) => t("reason.news2", { count }) },
  { shape: /^sum_of_known_(\d+)$/, say: ([, count = ""], { t }) => t("reason.sum_of_known", { count }) },
  {
    shape: /^(\d+)_of_(\d+)_not_a_news2$/,
    say: ([, count = "", all = ""], { t }) => t("reason.known_of", { count, all }),
  },
  { shape: /^(\w+)_3$/, say: ([, what = ""], { t, term }) => t("reason.points_3", { what: term("reading", what) }) },
  {
    shape: /^(\w+?)_(low|high|rising_fast|falling_fast)$/,
    say: ([, what = "", side = ""], { t, term }) =>
      t(`reason.${side as "low" | "high" | "rising_fast" | "falling_fast"}`, { what: term("reading", what) }),
  },
];

function wordsOf(reason: string, texts: Texts): string {
  const known = texts.term("reason", reason);
  if (known !== reason) return known;
  for (const { shape, say } of SHAPES) {
    const found = shape.exec(reason);
    if (found !== null) return say(found, texts);
  }
  return reason;
}

/** The words of an alarm's reasons; a code that is the alarm's own kind and phase says nothing new. */
export function reasonWords(kind: string, reasons: readonly string[], texts: Texts): string[] {
  return reasons
    .filter((reason) => reason !== kind && !(SAID_BY_TITLE.test(reason) && /^[a-z_]+$/.test(reason)))
    .map((reason) => wordsOf(reason, texts));
}

/** All reasons of a case, each once; what to ask is said by `questionOf`. */
export function reasonsOf(detail: CaseDetail | undefined, texts: Texts): string[] {
  const words = (detail?.alarms ?? []).flatMap((alarm) =>
    reasonWords(
      alarm.kind,
      alarm.reasons.filter((reason) => !QUESTION.test(reason)),
      texts,
    ),
  );
  return [...new Set(words)];
}

/** What to ask first, by the newest alarm that has a question and is not over. */
export function questionOf(detail: CaseDetail | undefined, { term }: Texts): string | null {
  const newest = (detail?.alarms ?? []).filter((alarm) => alarm.cleared_at === null).toReversed();
  const question = newest.flatMap((alarm) => alarm.reasons).find((reason) => QUESTION.test(reason));
  return question === undefined ? null : term("reason", question);
}
