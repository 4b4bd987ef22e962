/** What is not finished yet when a case is to be closed: named, each with what can be done about it. */
import type { ReactElement } from "react";

import { answered, api, freshKey, type CaseDetail, type Disposition } from "../api/client";
import { queries } from "../api/queries";
import { useDesk } from "../desk/state";
import { useTexts } from "../texts/texts";
import { attempt, isRunning, recallDispatch, type Dispatch } from "./sending";

/** Who was asked and has not answered is recalled with the end; who goes or is there stands in its way. */
export function underWay({ dispatches }: Pick<CaseDetail, "dispatches">): Dispatch[] {
  return dispatches.filter((one) => isRunning(one) && one.state !== "offered");
}

/** A responder told by telephone that they are done, and what it was. */
async function finishFor({ id, case_id }: Dispatch, outcome: Disposition): Promise<void> {
  const params = { path: { dispatch_id: id }, header: { "Idempotency-Key": freshKey() } };
  await attempt(case_id, () => answered(api.POST("/api/v1/dispatches/{dispatch_id}/finish", { params, body: { outcome } })));
  void queries.invalidateQueries({ queryKey: ["case", case_id] });
}

function Going({ dispatch, chosen }: { dispatch: Dispatch; chosen: Disposition | null }): ReactElement {
  const { t } = useTexts();
  const stale = useDesk((state) => state.link === "stale");
  const { name } = dispatch;
  const there = dispatch.state === "arrived";
  return (
    <li data-dispatch={dispatch.state}>
      {t(there ? "close.there" : "close.coming", { name })}
      <button
        type="button"
        className="plain"
        disabled={stale || (there && chosen === null)}
        onClick={() => void (there && chosen !== null ? finishFor(dispatch, chosen) : recallDispatch(dispatch))}
      >
        {t(there ? "close.finish_for" : "dispatch.recall_of", { name })}
      </button>
    </li>
  );
}

interface StillOpenProps {
  detail: CaseDetail | undefined;
  /** Rung again since the result was chosen. */
  rang: boolean;
  chosen: Disposition | null;
}

export function StillOpen({ detail, rang, chosen }: StillOpenProps): ReactElement | null {
  const { t } = useTexts();
  const stale = useDesk((state) => state.link === "stale");
  const talking = useDesk((state) => state.call?.caseId === detail?.id && state.call !== null);
  const going = detail === undefined ? [] : underWay(detail);
  const asked = detail?.dispatches.filter((one) => one.state === "offered") ?? [];
  if (!stale && !rang && !talking && going.length + asked.length === 0) return null;
  return (
    <div className="still-open" role="alert">
      <ul aria-label={t("close.still_open")}>
        {stale && <li>{t("close.stale")}</li>}
        {rang && <li>{t("close.rang")}</li>}
        {talking && <li>{t("close.talking")}</li>}
        {going.map((one) => (
          <Going key={one.id} dispatch={one} chosen={chosen} />
        ))}
        {asked.map((one) => (
          <li key={one.id}>{t("close.asked", { name: one.name })}</li>
        ))}
      </ul>
    </div>
  );
}
