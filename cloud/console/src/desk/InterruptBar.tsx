import type { ReactElement } from "react";

import type { CaseSummary } from "../api/client";
import { Mark } from "../look/Mark";
import { claimLimitMs } from "../queue/order";
import { doorOf, nameOf, personOf, titleOf } from "../queue/wording";
import { useTexts } from "../texts/texts";
import { instant, span, timeOfDay } from "../time/format";
import { claim, report } from "./actions";
import { useSeat } from "./context";
import { useDesk } from "./state";

/** A first-priority alarm waits while the operator looks at another case: said loudly, without taking the focus. */
export function InterruptBar({ item }: { item: CaseSummary }): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const { config, mayAct } = useSeat();
  const now = useDesk((state) => state.nowMs);
  const stale = useDesk((state) => state.link === "stale");
  const limit = (claimLimitMs(item.priority, config.limits) ?? 0) / 1000;
  const awaited = useDesk((state) => state.claiming.has(item.id));
  const told = useDesk((state) => state.reported.get(item.id));
  const waited = (now ?? 0) - (instant(item.opened_at) ?? 0);
  return (
    <section className="interrupt" role="alert" aria-label={t("interrupt.label")}>
      <Mark priority={item.priority} flashing />
      <b className="words">{titleOf(item, texts)}</b>
      <span className="words">
        {nameOf(item, texts)} {personOf(item, texts)}
        {item.place !== null && ` · ${doorOf(item)}`}
      </span>
      {/* The running time is not announced each second. */}
      <span className="waited" aria-live="off">
        {now === null ? t("none") : t("interrupt.waited", { span: span(waited), limit })}
      </span>
      {mayAct && (
        <button
          type="button"
          className="plain big"
          disabled={stale || told !== undefined}
          onClick={() => void report(item.id, "")}
        >
          {told === undefined ? t("action.report") : t("action.reported", { time: timeOfDay(told, config.time_zone) })}
        </button>
      )}
      {mayAct && (
        <button type="button" className="claim-p1 big" disabled={stale || awaited} onClick={() => void claim(item.id)}>
          {stale || awaited ? (
            t(stale ? "queue.phone_only" : "queue.claiming")
          ) : (
            <>
              <kbd>F2</kbd> {t("queue.claim")}
            </>
          )}
        </button>
      )}
    </section>
  );
}
