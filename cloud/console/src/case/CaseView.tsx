import { lazy, Suspense, useMemo, useState, type ReactElement } from "react";

import type { CaseDetail, CaseSummary } from "../api/client";
import { useCase, useLiveCases, useResident } from "../api/queries";
import { useSeat } from "../desk/context";
import { useDesk } from "../desk/state";
import { phaseOf } from "../queue/phase";
import { useTexts, type TextKey } from "../texts/texts";
import { age, dateAndTime, instant } from "../time/format";
import { ActionBar } from "./ActionBar";
import { Band } from "./Band";
import { calleesOf, elderOf, lastTry, whosOf, type Callee } from "./calls";
import { CloseDialog } from "./CloseDialog";
import { Contacts } from "./Contacts";
import { DispatchPanel } from "./DispatchPanel";
import { Identity, type Unread } from "./Identity";
import { Log } from "./Log";
import { MapPanel } from "./MapPanel";
import { Steps } from "./Steps";
import { useCall, type Calls } from "./useCall";
import { useKeepClaim } from "./useKeepClaim";
import { Trends } from "./Trends";
import "./case.css";

/** What must be known before anything is done: a suspected fire, an alarm that is not from now. */
function Warnings({ item, detail }: { item: CaseSummary; detail: CaseDetail | undefined }): ReactElement | null {
  const { t } = useTexts();
  const { config } = useSeat();
  const now = useDesk((state) => state.nowMs);
  const late = (detail?.alarms ?? []).filter((alarm) => alarm.late).map((alarm) => alarm.occurred_at);
  const occurred = instant(late.toSorted()[0] ?? item.occurred_at);
  const showLate = item.late && now !== null && occurred !== null;
  const { count, unit } = age((now ?? 0) - (occurred ?? 0));
  if (!item.fire_suspected && !showLate && item.follows_id === null) return null;
  return (
    <div className="warnings">
      {item.fire_suspected && (
        <p className="fire" role="alert">
          <b>{t("case.fire")}</b> {t("case.fire_hint")}
        </p>
      )}
      {showLate && (
        <p className="late">
          {t("case.late", {
            age: t(`age.${unit}` as TextKey, { count }),
            time: dateAndTime(occurred, config.time_zone),
          })}
        </p>
      )}
      {item.follows_id !== null && <p className="late">{t("case.follows")}</p>}
    </div>
  );
}

// Fetched with the desk, which does not wait for it.
const fetched = import("./Photos");
fetched.catch(() => undefined);
const Photos = lazy(async () => ({ default: (await fetched).Photos }));

interface BodyProps {
  detail: CaseDetail;
  elder: Callee;
  callees: readonly Callee[];
  next: Callee | undefined;
  calls: Calls;
  mine: boolean;
}

/** Six areas: steps, vitals, map (or photographs) over contacts, log, dispatch; each panel names its own. The room that is
 * left for them decides how close they stand. */
function Body({ detail, elder, ...contacts }: BodyProps): ReactElement {
  const [photos, showPhotos] = useState(false);
  return (
    <div className="case-room">
      <div className="case-body">
        <Steps detail={detail} elder={elder} callees={contacts.callees} calls={contacts.calls} mine={contacts.mine} />
        <Trends item={detail} />
        {photos ? (
          <Suspense fallback={<MapPanel item={detail} />}>
            <Photos detail={detail} close={() => showPhotos(false)} />
          </Suspense>
        ) : (
          <MapPanel item={detail} />
        )}
        <Contacts detail={detail} {...contacts} />
        <Log detail={detail} />
        <DispatchPanel detail={detail} mine={contacts.mine} photos={photos} showPhotos={showPhotos} />
      </div>
    </div>
  );
}

/** One case, laid out by fixed areas; what the queue knows is painted at once, the rest when it is read. */
export function CaseView({ id }: { id: string }): ReactElement {
  const { t } = useTexts();
  const live = useLiveCases().get(id);
  const { data: detail, isError, refetch } = useCase(id);
  const item = live ?? detail;
  if (item === undefined) {
    return (
      <section className="case-empty panel" aria-label={t("case.reading")}>
        <p>{t(isError ? "case.unreadable" : "case.reading")}</p>
        {isError && (
          <button type="button" className="plain" onClick={() => void refetch()}>
            {t("case.retry")}
          </button>
        )}
      </section>
    );
  }
  return <OpenCase item={item} detail={detail} unreadable={isError && detail === undefined} />;
}

/** Everybody to call, and who is next: the first one nobody has tried yet. */
function useCallees(
  item: CaseSummary,
  detail: CaseDetail | undefined,
): { elder: Callee; callees: Callee[]; next: Callee | undefined; unread: Unread } {
  const { t } = useTexts();
  const resident = useResident(item.resident?.id ?? null);
  const phones = resident.data?.phones;
  const unread = phones !== undefined ? null : resident.isError ? "failed" : "reading";
  const found = useMemo(() => {
    const elder = elderOf(t("contacts.self"), item.resident?.name ?? "", phones ?? []);
    const callees = calleesOf(detail?.contacts ?? []);
    const all = elder.phones.length > 0 ? [elder, ...callees] : callees;
    const next = all.find((callee) => lastTry(detail?.timeline ?? [], whosOf(callee)) === null);
    return { elder, callees, next };
  }, [t, item.resident?.name, phones, detail]);
  return { ...found, unread };
}

interface OpenCaseProps {
  item: CaseSummary;
  detail: CaseDetail | undefined;
  unreadable: boolean;
}

function OpenCase({ item, detail, unreadable }: OpenCaseProps): ReactElement {
  const { t } = useTexts();
  const { user } = useSeat();
  const mine = item.owner?.id === user.id;
  const worked = useKeepClaim(item, mine);
  const closing = useDesk((state) => state.closing);
  const { elder, callees, next, unread } = useCallees(item, detail);
  const calls = useCall(item.id);
  const phase = phaseOf(item);
  const held = mine && phase === "held";
  const closable = phase === "done" || held;
  return (
    <article
      className="case"
      aria-label={t("case.label", { number: item.number })}
      data-case={item.id}
      onPointerDown={worked}
      onKeyDown={worked}
    >
      <Warnings item={item} detail={detail} />
      <Band item={item} detail={detail} mine={mine} />
      <Identity item={item} detail={detail} call={{ caseId: item.id, elder, unread, calls, next: elder === next, mine: held }} />
      {detail === undefined ? (
        <p className="case-empty panel">{t(unreadable ? "case.unreadable" : "case.reading")}</p>
      ) : (
        <Body detail={detail} elder={elder} callees={callees} next={next} calls={calls} mine={held} />
      )}
      <ActionBar item={item} mine={mine} />
      {closing && closable && <CloseDialog key={item.id} item={item} detail={detail} />}
    </article>
  );
}
