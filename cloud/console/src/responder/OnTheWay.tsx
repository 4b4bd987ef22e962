/** For who has accepted: when they will be there, the way in, their position. */
import { useState, type ReactElement } from "react";

import { useSeat } from "../desk/context";
import { useDesk } from "../desk/state";
import { clockOf } from "../phone/times";
import { inLanguage, textNow, useTexts } from "../texts/texts";
import { ApiError } from "../api/client";
import { age } from "../time/format";
import { lookAtWayIn, tellEta, type Dispatch, type WayIn as Shown } from "./reading";
import { usePosition } from "./usePosition";

interface Props {
  item: Dispatch;
  onFailure: (words: string) => void;
}

const MINUTES = [3, 5, 10, 15, 20, 30];

export function Eta({ item, onFailure }: Props): ReactElement {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  return (
    <section>
      <h2>{t("go.eta")}</h2>
      <div className="go-minutes">
        {MINUTES.map((count) => (
          <button
            key={count}
            type="button"
            className="phone-button"
            onClick={() => void tellEta(item.id, count).then(onFailure)}
          >
            {t("go.eta_minutes", { count })}
          </button>
        ))}
      </div>
      <p className="quiet-note" data-eta>
        {item.eta_at === null ? t("go.eta_unsaid") : t("go.eta_said", { time: clockOf(item.eta_at, zone) })}
      </p>
    </section>
  );
}

/** The code is asked for by each look, is kept nowhere, and goes with the dispatch. */
export function WayIn({ item, onFailure }: Props): ReactElement {
  const { t } = useTexts();
  const [shown, setShown] = useState<Shown | null>(null);
  const look = (): void => {
    lookAtWayIn(item.id).then(setShown, (error: unknown) => {
      const problem = error instanceof ApiError ? error.problem : null;
      onFailure(problem === null ? textNow("phone.not_sent") : inLanguage(problem.detail_zh, problem.detail));
    });
  };
  return (
    <section data-section="way-in">
      <h2>{t("go.way_in")}</h2>
      {shown === null ? (
        <button type="button" className="phone-button wide" onClick={look}>
          {t("go.way_in_show")}
        </button>
      ) : (
        <>
          <p className="quiet-note">{t("go.door_code")}</p>
          <p className="go-code">{shown.door_code ?? t("go.no_code")}</p>
          {shown.access_note !== "" && <p>{shown.access_note}</p>}
          <button type="button" className="phone-button wide" onClick={() => setShown(null)}>
            {t("go.way_in_hide")}
          </button>
        </>
      )}
      <p className="quiet-note">{t("go.way_in_note")}</p>
    </section>
  );
}

const serverNow = (): number => useDesk.getState().nowMs ?? 0;

export function Position({ item }: { item: Dispatch }): ReactElement {
  const { t } = useTexts();
  const sharing = usePosition(item.state === "accepted", serverNow);
  const nowMs = useDesk((state) => state.nowMs) ?? 0;
  const aged = sharing.sentAtMs === null ? null : age(nowMs - sharing.sentAtMs);
  return (
    <section>
      <button type="button" className="phone-button wide" aria-pressed={sharing.on} onClick={sharing.toggle}>
        {t(sharing.on ? "go.position_on" : "go.position")}
      </button>
      <p className="quiet-note">{t("go.position_why")}</p>
      {sharing.refused && (
        <p role="alert">
          <b>{t("go.position_refused")}</b>
        </p>
      )}
      {sharing.on && (
        <p role="status">
          {aged === null
            ? t("go.position_wait")
            : t("go.position_sent", { age: t(`age.${aged.unit}`, { count: aged.count }) })}
        </p>
      )}
    </section>
  );
}
