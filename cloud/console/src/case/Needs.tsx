import type { ReactElement } from "react";

import type { CaseDetail } from "../api/client";
import { useTexts } from "../texts/texts";
import { needFacts } from "./facts";

/** How to talk with the elder, and what else is known. */
export function Needs({ detail }: { detail: CaseDetail }): ReactElement {
  const texts = useTexts();
  const facts = needFacts(detail.needs, detail.profile, texts);
  return (
    <section className="needs" aria-label={texts.t("needs.title")}>
      {facts.length === 0 && <p className="label">{texts.t("needs.none")}</p>}
      <dl className="facts">
        {facts.map((fact) => (
          <div key={fact.label}>
            <dt>{fact.label}</dt>
            <dd>{fact.value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
