import type { ReactElement } from "react";

import { useSeat } from "../desk/context";
import { useTexts } from "../texts/texts";
import { clockOf, whenOf } from "../phone/times";
import type { FamilyCase } from "./reading";
import { headline, stepWords } from "./words";

/** One emergency from its alarm to its end: who has it, who is coming. */
export function Thread({ item, nowMs }: { item: FamilyCase; nowMs: number }): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const zone = useSeat().config.time_zone;
  const going = item.stage !== "over";
  const newest = item.steps.length - 1;
  return (
    <section className="thread" data-stage={item.stage} data-going={going || undefined} aria-label={t("family.thread")}>
      <h2>{headline(item, nowMs, zone, texts)}</h2>
      {going && item.who !== "" && <p>{t("family.in_hand_by", { who: item.who })}</p>}
      {item.steps.length > 0 && (
        <ol aria-live="polite">
          {item.steps.map((step, place) => (
            <li key={`${step.step} ${step.at} ${step.who}`} data-step={step.step} data-newest={place === newest || undefined}>
              <time dateTime={step.at}>{clockOf(step.at, zone)}</time>
              <span>{stepWords(step, item, nowMs, zone, texts)}</span>
            </li>
          ))}
          {going && (
            <li data-next>
              <span>…</span>
              <span>{t("family.next")}</span>
            </li>
          )}
        </ol>
      )}
    </section>
  );
}

/** What was over in the past week, a line each. */
export function Past({ items, nowMs }: { items: readonly FamilyCase[]; nowMs: number }): ReactElement | null {
  const texts = useTexts();
  const zone = useSeat().config.time_zone;
  if (items.length === 0) return null;
  return (
    <section>
      <h2>{texts.t("family.past")}</h2>
      <ul className="rows">
        {items.map((item) => (
          <li key={item.id}>
            <span>{headline(item, nowMs, zone, texts)}</span>
            {item.kinds.length === 0 && <span className="aside">{whenOf(item.occurred_at, nowMs, zone)}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
