/** What became of the last day's dispatches, newest first: no name and no address any more. */
import type { ReactElement } from "react";

import { useSeat } from "../desk/context";
import { useDesk } from "../desk/state";
import { whenOf } from "../phone/times";
import { gravestFirst, useTexts, type Texts } from "../texts/texts";
import { instant } from "../time/format";
import { OUTCOMES, useEnded, type Dispatch } from "./reading";

const DAY_MS = 24 * 3_600_000;

function became({ state, outcome, reason }: Dispatch, { t }: Texts): string {
  switch (state) {
    case "done": {
      const found = OUTCOMES.find((one) => one === outcome) ?? "other";
      return t("go.ended.done", { outcome: t(`go.outcome.${found}`) });
    }
    case "refused":
      return [t("go.ended.refused"), reason].filter(Boolean).join(" · ");
    case "no_answer":
      return t("go.ended.no_answer");
    default:
      return t("go.ended.recalled");
  }
}

export function Ended(): ReactElement | null {
  const texts = useTexts();
  const zone = useSeat().config.time_zone;
  const nowMs = useDesk((state) => state.nowMs) ?? 0;
  const items = (useEnded().data?.items ?? []).filter(
    (item) => item.state !== "undone" && nowMs - (instant(item.ended_at) ?? 0) < DAY_MS,
  );
  if (items.length === 0) return null;
  return (
    <section data-section="ended" aria-live="polite">
      <h2>{texts.t("go.ended")}</h2>
      <ul className="rows">
        {items.map((item) => (
          <li key={item.id} data-ended={item.state}>
            <b>{became(item, texts)}</b>
            <span className="aside">
              {whenOf(item.ended_at ?? item.offered_at, nowMs, zone)}{" "}
              {gravestFirst(item.kinds)
                .map((kind) => texts.term("event", kind))
                .join(" + ")}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
