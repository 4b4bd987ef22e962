import type { ReactElement } from "react";

import { useTexts, type Texts } from "../texts/texts";
import { useNews2 } from "./useTrends";

function named(parameter: string, { t, term }: Texts): string {
  if (parameter === "oxygen") return t("news2.oxygen");
  return parameter === "consciousness" ? t("news2.consciousness") : term("reading", parameter);
}

/** The score of what is known, each known part with its points; a partial sum says that it is no NEWS2. */
export function Score({ residentId }: { residentId: string }): ReactElement | null {
  const texts = useTexts();
  const { t } = texts;
  const score = useNews2(residentId).data;
  if (score === undefined) return null;
  const missing = score.missing.map((parameter) => named(parameter, texts)).join(t("and"));
  const partial = t("news2.partial", { known: score.known, of: score.of, sum: score.sum_of_known });
  return (
    <p className="score" title={texts.language === "zh" ? score.notice_zh : score.notice}>
      <b>
        {t("news2.title")} {score.news2 ?? "—"}
      </b>
      <span>{score.news2 === null && (score.known === 0 ? t("news2.none") : partial)}</span>
      {score.parameters.map((part) => (
        <span key={part.parameter} className="part">
          {named(part.parameter, texts)} <b>{part.points}</b>
        </span>
      ))}
      {score.known > 0 && score.missing.length > 0 && <span className="label">{t("news2.missing", { what: missing })}</span>}
    </p>
  );
}
