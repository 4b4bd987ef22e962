import { lazy, Suspense, useEffect, useMemo, type ReactElement } from "react";

import type { CaseSummary } from "../api/client";
import { useLiveCases } from "../api/queries";
import { CaseView } from "../case/CaseView";
import { useCallHold } from "../case/useCall";
import { useLiveFeed } from "../live/useLiveFeed";
import { groupCases, handedTo, type Groups } from "../queue/order";
import "../look/desk.css";
import "../look/queue.css";
import { Queue } from "../queue/Queue";
import { Quiet } from "../quiet/Quiet";
import { useLooked } from "../resident/state";
import { forget, signOut } from "../signin/signOut";
import { instant } from "../time/format";
import { claimTop } from "./actions";
import { useSeat } from "./context";
import { EscalationBar, HandedBar, RoadBar } from "./Bars";
import { InterruptBar } from "./InterruptBar";
import { CallPop, IncomingBar, useIncoming } from "./Phone";
import { muteSound } from "./sounds";
import { useDesk } from "./state";
import { TopBar } from "./TopBar";
import { useKeys, type DeskKeys } from "./useKeys";
import { useLoss } from "./useLoss";
import { useRinging } from "./useRinging";

function newestOf(groups: Groups): CaseSummary | undefined {
  const all = [...groups.waiting, ...groups.mine, ...groups.others];
  return all.toSorted((a, b) => (instant(b.opened_at) ?? 0) - (instant(a.opened_at) ?? 0))[0];
}

function useDeskKeys(top: CaseSummary | undefined, mayAct: boolean): void {
  const topId = mayAct ? top?.id : undefined;
  const keys = useMemo<DeskKeys>(
    () => ({
      claimTop: () => topId !== undefined && void claimTop(topId),
      mute: muteSound,
      close: () => mayAct && useDesk.getState().openCaseId !== null && useDesk.setState({ closing: true }),
    }),
    [topId, mayAct],
  );
  useKeys(keys);
}

// Fetched with the desk, which does not wait for it.
const fetched = import("../resident/Looked");
fetched.catch(() => undefined);
const Looked = lazy(async () => ({ default: (await fetched).Looked }));

/** The operator's desk: queue on the left, one case on the right. */
export function Desk(): ReactElement {
  const { user, config, mayAct } = useSeat();
  useLiveFeed();
  useRinging(user.id);
  useCallHold(user.id);
  const live = useLiveCases();
  useLoss(live, user.id);
  const groups = useMemo(() => groupCases([...live.values()], user.id, config.limits), [live, user.id, config.limits]);
  const [top] = groups.waiting;
  const handed = groups.waiting.find((item) => handedTo(item) === user.id);
  useDeskKeys(top, mayAct);
  const incoming = useIncoming();
  const shownCallId = useDesk((state) => state.shownCallId);
  const looked = useLooked((state) => state.looked);
  const openId = useDesk((state) => state.openCaseId);
  const stale = useDesk((state) => state.link === "stale");
  const ringing = useDesk((state) => (state.mutedMs > 0 ? null : state.ringing));
  useEffect(() => forget, []);
  return (
    <div className="desk" data-stale={stale || undefined} data-ringing={ringing ?? undefined}>
      <div className="head">
        <TopBar groups={groups} onSignOut={signOut} />
        <RoadBar />
      </div>
      <Queue groups={groups} />
      <main className="work">
        {user.role === "supervisor" && <EscalationBar />}
        {handed !== undefined && handed.id !== openId && <HandedBar key={handed.id} item={handed} />}
        {(openId !== null || looked !== null) && top !== undefined && top.priority === 1 && top.id !== openId && top !== handed && <InterruptBar item={top} />}
        {incoming !== undefined && <IncomingBar call={incoming} />}
        {incoming !== undefined && incoming.id === shownCallId && <CallPop call={incoming} />}
        {openId === null && incoming !== undefined && incoming.id === shownCallId ? null : openId === null && looked !== null ? (
          <Suspense>
            <Looked looked={looked} />
          </Suspense>
        ) : openId === null ? (
          <Quiet waiting={groups.waiting.length} newest={newestOf(groups)} />
        ) : (
          <CaseView key={openId} id={openId} />
        )}
      </main>
    </div>
  );
}
