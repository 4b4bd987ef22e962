import type { ReactElement } from "react";

import type { CaseSummary } from "../api/client";
import { unmakeOrder } from "../api/commands";
import { useLiveCases } from "../api/queries";
import { attempt, claim, release, resolve } from "../desk/actions";
import { useSeat } from "../desk/context";
import { openCase, showPanel, useDesk, type CasePanel } from "../desk/state";
import { claimable, handedTo } from "../queue/order";
import { phaseOf } from "../queue/phase";
import { useTexts, type Key, type TextKey } from "../texts/texts";
import { timeOfDay } from "../time/format";
import { mergeable, shelvable } from "./mergeable";
import { CasePanels } from "./panels";
import { endIsNext, useCaseProtocol } from "./protocol";
import "./actions.css";

interface ActionBarProps {
  item: CaseSummary;
  mine: boolean;
}

interface OpenerProps {
  panel: CasePanel;
  label: string;
  title?: string | undefined;
  disabled?: boolean;
}

/** Opens and closes a panel above the bar. */
function Opener({ panel, label, title, disabled = false }: OpenerProps): ReactElement {
  const open = useDesk((state) => state.panel === panel);
  const stale = useDesk((state) => state.link === "stale");
  return (
    <button
      type="button"
      className="plain big"
      aria-expanded={open}
      title={title}
      disabled={disabled || stale}
      onClick={() => showPanel(panel)}
    >
      {label}
    </button>
  );
}

/** 报班长: once told, the button says when. */
function Report({ item }: { item: CaseSummary }): ReactElement {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const at = useDesk((state) => state.reported.get(item.id));
  const label = at === undefined ? t("action.report") : t("action.reported", { time: timeOfDay(at, zone) });
  return <Opener panel="report" label={label} />;
}

function Merge({ item }: { item: CaseSummary }): ReactElement | null {
  const { t } = useTexts();
  const count = mergeable(item, useLiveCases().values()).length;
  if (count === 0) return null;
  return <Opener panel="merge" label={t("action.merge", { count })} />;
}

function Shelve({ item }: { item: CaseSummary }): ReactElement {
  const { t } = useTexts();
  const able = shelvable(item);
  return (
    <Opener
      panel="shelve"
      label={t("action.shelve")}
      disabled={!able}
      title={able ? undefined : t("action.no_shelf")}
    />
  );
}

/** What to do next is said by the protocol's steps; the end is dark when they have come to it. */
function HeldActions({ item }: { item: CaseSummary }): ReactElement {
  const { t } = useTexts();
  const ending = endIsNext(useCaseProtocol(item).data);
  const stale = useDesk((state) => state.link === "stale");
  return (
    <>
      <Report item={item} />
      <Opener panel="hand" label={t("action.hand")} />
      <Shelve item={item} />
      <Merge item={item} />
      <Opener panel="order" label={t("action.order")} title={t("action.order_hint")} />
      <button type="button" className="plain big" disabled={stale} onClick={() => void release(item.id)}>
        {t("action.release")}
      </button>
      <button
        type="button"
        className={`${ending ? "primary" : "plain"} big resolve`}
        disabled={stale}
        onClick={() => void resolve(item)}
      >
        {t("action.resolve")}
      </button>
    </>
  );
}

function DoneActions({ item }: { item: CaseSummary }): ReactElement {
  const { t } = useTexts();
  const stale = useDesk((state) => state.link === "stale");
  const again = (): void => void attempt(() => unmakeOrder(item.id));
  return (
    <>
      {item.service_order && (
        <button type="button" className="plain big" disabled={stale} onClick={again}>
          {t("action.unorder")}
        </button>
      )}
      {item.state === "resolved" && <Opener panel="follow" label={t("action.follow_up")} />}
      <Next words="next.resolved" />
    </>
  );
}

function Next({ words }: { words: Key }): ReactElement {
  const { t } = useTexts();
  return (
    <span className="next-step" title={t(words)}>
      <b>{t("action.next")}</b> {t(words)}
    </span>
  );
}

function MyActions({ item }: { item: CaseSummary }): ReactElement {
  const { t } = useTexts();
  const stale = useDesk((state) => state.link === "stale");
  const held = phaseOf(item) === "held";
  return (
    <>
      {held ? <HeldActions item={item} /> : <DoneActions item={item} />}
      <button
        type="button"
        className={`${held ? "plain" : "primary"} big`}
        disabled={stale}
        onClick={() => useDesk.setState({ closing: true })}
      >
        <kbd>Ctrl ⏎</kbd> {t("action.close")}
      </button>
    </>
  );
}

function WaitingActions({ item }: { item: CaseSummary }): ReactElement {
  const { t } = useTexts();
  const stale = useDesk((state) => state.link === "stale");
  const me = useSeat().user.id;
  return (
    <>
      <Report item={item} />
      <Shelve item={item} />
      {handedTo(item) === null || handedTo(item) === me ? (
        <Next words="next.open" />
      ) : (
        <span className="next-step">{t("hand.to_other", { name: item.handed_to?.name ?? "" })}</span>
      )}
      {claimable(item, me) && (
        <button type="button" className="primary big" disabled={stale} onClick={() => void claim(item.id)}>
          {stale ? t("queue.phone_only") : t("action.claim")}
        </button>
      )}
    </>
  );
}

/** The one next step, and what else may be done with the case as it stands; its panels open above it. */
export function ActionBar({ item, mine }: ActionBarProps): ReactElement {
  const { t } = useTexts();
  const { mayAct } = useSeat();
  const phase = phaseOf(item);
  const acting = mayAct && (mine || phase === "done");
  return (
    <>
      {mayAct && <CasePanels key={item.id} item={item} />}
      <footer className="actions">
        <button type="button" className="plain big" onClick={() => openCase(null)}>
          {t("case.back")}
        </button>
        {mayAct && phase === "waiting" && <WaitingActions item={item} />}
        {phase === "held" && !mine && (
          <>
            {mayAct && <Report item={item} />}
            <span className="next-step">{t("action.held_by", { name: item.owner?.name ?? "" })}</span>
          </>
        )}
        {phase === "over" && (
          <span className="next-step">
            {t("action.closed_as", { result: t(`disposition.${item.disposition ?? "other"}` as TextKey) })}
          </span>
        )}
        {acting && (phase === "held" || phase === "done") && <MyActions item={item} />}
      </footer>
    </>
  );
}
