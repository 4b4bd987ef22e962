import { useEffect, useState, type ReactElement } from "react";

import type { CaseDetail } from "../api/client";
import { useSeat } from "../desk/context";
import { useDesk } from "../desk/state";
import { Panel } from "../look/Panel";
import { phaseOf } from "../queue/phase";
import { useTexts, type Key, type Texts } from "../texts/texts";
import { instant, span } from "../time/format";
import {
  isRunning,
  lastOf,
  minutesUntil,
  recallDispatch,
  photoCount,
  sendResponder,
  UNDO_MS,
  undoDispatch,
  useCandidates,
  type Candidate,
  type Dispatch,
} from "./sending";
import "./dispatch.css";

const KILOMETRE = 1000;

function stateText(dispatch: Dispatch, nowMs: number, t: Texts["t"]): string {
  if (dispatch.state === "offered") {
    return t("dispatch.state.offered", { time: span((instant(dispatch.answer_due_at) ?? nowMs) - nowMs) });
  }
  const minutes = minutesUntil(dispatch.eta_at, nowMs);
  if (dispatch.state === "accepted" && minutes !== null) {
    return minutes < 0
      ? t("dispatch.state.accepted_late", { count: -minutes })
      : t("dispatch.state.accepted_eta", { count: minutes });
  }
  return t(`dispatch.state.${dispatch.state}` as Key);
}

/** The dispatch just made here, for as long as it can be undone. */
function useUndoable(): [id: string | null, begin: (id: string) => void] {
  const [id, setId] = useState<string | null>(null);
  useEffect(() => {
    if (id === null) return undefined;
    const timer = setTimeout(() => setId(null), UNDO_MS);
    return () => clearTimeout(timer);
  }, [id]);
  return [id, setId];
}

interface RowProps {
  candidate: Candidate;
  dispatch: Dispatch | undefined;
  next: boolean;
  undoable: boolean;
  may: boolean;
  onSend: (staffId: string) => void;
}

function Facts({ candidate }: { candidate: Candidate }): ReactElement {
  const { t, term } = useTexts();
  const { distance_m: metres, minutes, skills, zone } = candidate;
  const far = metres !== null && metres >= KILOMETRE;
  return (
    <>
      <span className="dispatch-who">
        <b>{candidate.name}</b>
        {zone !== null && <span className="label">{zone}</span>}
        {skills.map((skill) => (
          <span key={skill} className="tag">
            {term("skill", skill)}
          </span>
        ))}
      </span>
      <span className="dispatch-time">
        {minutes === null ? (
          <span title={t("dispatch.no_place")}>{t("none")}</span>
        ) : (
          <b aria-label={t("dispatch.in_minutes", { count: minutes })}>{t("dispatch.minutes", { count: minutes })}</b>
        )}
      </span>
      <span className="dispatch-far">
        {metres === null
          ? t("dispatch.no_place")
          : t(far ? "dispatch.kilometres" : "dispatch.metres", { count: far ? (metres / KILOMETRE).toFixed(1) : metres })}
      </span>
    </>
  );
}

function Buttons({ candidate, dispatch, next, undoable, may, onSend }: RowProps): ReactElement | null {
  const { t } = useTexts();
  const stale = useDesk((state) => state.link === "stale");
  const { name } = candidate;
  if (dispatch !== undefined && isRunning(dispatch)) {
    if (dispatch.state === "arrived") return null;
    const act = undoable ? undoDispatch : recallDispatch;
    return (
      <button
        type="button"
        className="plain"
        disabled={stale}
        aria-label={t(undoable ? "dispatch.undo_of" : "dispatch.recall_of", { name })}
        onClick={() => void act(dispatch)}
      >
        {t(undoable ? "dispatch.undo" : "dispatch.recall")}
      </button>
    );
  }
  return (
    <button
      type="button"
      className={next ? "plain next-call" : "plain"}
      disabled={!may || stale || candidate.standing === "away"}
      aria-label={t("dispatch.send_to", { name })}
      onClick={() => onSend(candidate.staff_id)}
    >
      {t(dispatch === undefined ? "dispatch.send" : "dispatch.again")}
    </button>
  );
}

function Row(props: RowProps): ReactElement {
  const { t } = useTexts();
  const nowMs = useDesk((state) => state.nowMs) ?? 0;
  const { candidate, dispatch } = props;
  return (
    <li data-standing={candidate.standing} data-dispatch={dispatch?.state}>
      <Facts candidate={candidate} />
      <span className="dispatch-state">
        {dispatch === undefined ? t(`dispatch.standing.${candidate.standing}`) : <b>{stateText(dispatch, nowMs, t)}</b>}
        {dispatch !== undefined && dispatch.reason !== "" && <span className="label"> {dispatch.reason}</span>}
      </span>
      <Buttons {...props} />
    </li>
  );
}

/** Who was sent comes first, then who is free, then by minutes. */
function inOrder(candidates: readonly Candidate[], dispatches: ReadonlyMap<string, Dispatch>): Candidate[] {
  const sent = (one: Candidate): number => Number(!isRunning(dispatches.get(one.staff_id)));
  return candidates.toSorted((a, b) => sent(a) - sent(b));
}

interface PhotosOpener {
  detail: CaseDetail;
  photos: boolean;
  showPhotos: (shown: boolean) => void;
}

/** What those photographed who went; nothing where nobody has. */
function OpenPhotos({ detail, photos, showPhotos }: PhotosOpener): ReactElement | null {
  const { t } = useTexts();
  const count = photoCount(detail);
  if (count === 0) return null;
  return (
    <p className="photo-open">
      <button type="button" className="plain" aria-expanded={photos} onClick={() => showPhotos(!photos)}>
        {t(photos ? "photos.hide" : "photos.show", { count })}
      </button>
    </p>
  );
}

/** Everybody who can go, and how those stand who were sent. One click sends; 5 s to undo it. */
export function DispatchPanel({ mine, ...opener }: PhotosOpener & { mine: boolean }): ReactElement {
  const { detail } = opener;
  const { t } = useTexts();
  const { mayAct } = useSeat();
  const phase = phaseOf(detail);
  const live = phase === "waiting" || phase === "held";
  const candidates = useCandidates(detail.id, mayAct && live);
  const [undoable, begin] = useUndoable();
  const [sending, setSending] = useState(false);
  const dispatches = lastOf(detail.dispatches);
  const rows = inOrder(candidates.data ?? [], dispatches);
  const someoneGoes = rows.some((one) => isRunning(dispatches.get(one.staff_id)));
  const next = someoneGoes ? undefined : rows.find((one) => one.standing === "free" && !one.asked);
  const send = (staffId: string): void => {
    setSending(true);
    void sendResponder(detail.id, staffId).then((made) => {
      setSending(false);
      if (made !== null) begin(made.id);
    });
  };
  const aside = mine || !live ? t("dispatch.aside") : t("dispatch.claim_first");
  return (
    <Panel name="dispatch" title={t("dispatch.title")} aside={aside} foot={mayAct && <OpenPhotos {...opener} />}>
      {!mayAct && <p className="label">{t("dispatch.not_for_role")}</p>}
      {candidates.data === undefined && mayAct && live && (
        <p className="label">{t(candidates.isError ? "dispatch.unreadable" : "dispatch.reading")}</p>
      )}
      {candidates.data?.length === 0 && <p className="label">{t("dispatch.none")}</p>}
      <ol className="dispatch-list">
        {rows.map((candidate) => {
          const dispatch = dispatches.get(candidate.staff_id);
          return (
            <Row
              key={candidate.staff_id}
              candidate={candidate}
              dispatch={dispatch}
              next={mine && candidate === next}
              undoable={dispatch?.id === undoable}
              may={mine && !sending}
              onSend={send}
            />
          );
        })}
      </ol>
    </Panel>
  );
}
