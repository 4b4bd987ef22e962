import type { ReactElement } from "react";

import type { CaseSummary } from "../api/client";
import { claim, release, resolve } from "../desk/actions";
import { useSeat } from "../desk/context";
import { openCase, useDesk } from "../desk/state";
import { phaseOf } from "../queue/phase";
import { useTexts, type TextKey } from "../texts/texts";

interface ActionBarProps {
  item: CaseSummary;
  mine: boolean;
}

function MyActions({ item }: { item: CaseSummary }): ReactElement {
  const { t } = useTexts();
  const stale = useDesk((state) => state.link === "stale");
  const phase = phaseOf(item);
  const claimed = phase === "held";
  return (
    <>
      {claimed && (
        <>
          <button type="button" className="plain big" disabled={stale} onClick={() => void release(item.id)}>
            {t("action.release")}
          </button>
          <span className="next-step">
            <b>{t("action.next")}</b> {t("next.claimed")}
          </span>
          <button type="button" className="primary big" disabled={stale} onClick={() => void resolve(item.id)}>
            {t("action.resolve")}
          </button>
        </>
      )}
      {phase === "done" && (
        <span className="next-step">
          <b>{t("action.next")}</b> {t("next.resolved")}
        </span>
      )}
      <button
        type="button"
        className={`${claimed ? "plain" : "primary"} big`}
        disabled={stale}
        onClick={() => useDesk.setState({ closing: true })}
      >
        <kbd>Ctrl ⏎</kbd> {t("action.close")}
      </button>
    </>
  );
}

/** The one next step, and what else may be done with the case as it stands. */
export function ActionBar({ item, mine }: ActionBarProps): ReactElement {
  const { t } = useTexts();
  const { mayAct } = useSeat();
  const phase = phaseOf(item);
  const stale = useDesk((state) => state.link === "stale");
  const acting = mayAct && (mine || phase === "done");
  return (
    <footer className="actions">
      <button type="button" className="plain big" onClick={() => openCase(null)}>
        {t("case.back")}
      </button>
      {mayAct && phase === "waiting" && (
        <>
          <span className="next-step">
            <b>{t("action.next")}</b> {t("next.open")}
          </span>
          <button type="button" className="primary big" disabled={stale} onClick={() => void claim(item.id)}>
            {stale ? t("queue.phone_only") : t("action.claim")}
          </button>
        </>
      )}
      {phase === "held" && !mine && (
        <span className="next-step">{t("action.held_by", { name: item.owner?.name ?? "" })}</span>
      )}
      {phase === "over" && (
        <span className="next-step">
          {t("action.closed_as", { result: t(`disposition.${item.disposition ?? "other"}` as TextKey) })}
        </span>
      )}
      {acting && (phase === "held" || phase === "done") && <MyActions item={item} />}
    </footer>
  );
}
