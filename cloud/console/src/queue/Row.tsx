import { useRef, type ReactElement } from "react";

import type { CaseSummary } from "../api/client";
import { claim } from "../desk/actions";
import { useSeat } from "../desk/context";
import { openCase, useDesk } from "../desk/state";
import { Mark } from "../look/Mark";
import { useTexts } from "../texts/texts";
import { instant, span } from "../time/format";
import { claimable, handedTo, stageOf } from "./order";
import { phaseOf } from "./phase";
import { useShown } from "./useShown";
import { doorOf, nameOf, personOf, repeatsOf, titleOf, whoAndWhat } from "./wording";

/** Time left to the stage's limit, or by how much it is overdue (white on red). */
function Remaining({ item }: { item: CaseSummary }): ReactElement | null {
  const { t } = useTexts();
  const now = useDesk((state) => state.nowMs);
  const stage = stageOf(item, useSeat().config.limits);
  if (now === null || stage === null) return null;
  const left = stage.due - now;
  if (left < 0) return <span className="overdue">{t("queue.overdue", { span: span(-left) })}</span>;
  return <span className="left">{t("queue.left", { span: span(left) })}</span>;
}

function LimitBar({ item }: { item: CaseSummary }): ReactElement | null {
  const now = useDesk((state) => state.nowMs);
  const stage = stageOf(item, useSeat().config.limits);
  if (now === null || stage === null) return null;
  const part = Math.min(1, Math.max(0, (now - stage.from) / Math.max(1, stage.due - stage.from)));
  return (
    <span className="bar" data-over={now > stage.due || undefined}>
      <span style={{ width: `${part * 100}%` }} />
    </span>
  );
}

function Running({ item }: { item: CaseSummary }): ReactElement {
  const now = useDesk((state) => state.nowMs);
  const opened = instant(item.opened_at);
  const end = instant(item.resolved_at) ?? now;
  return <span className="running">{end === null || opened === null ? "—" : span(end - opened)}</span>;
}

function Tags({ item, unseen }: { item: CaseSummary; unseen: boolean }): ReactElement {
  const { t } = useTexts();
  const repeats = repeatsOf(item);
  return (
    <>
      {repeats > 1 && (
        <span className="tag" title={t("alarms.repeats_hint", { count: repeats })}>
          ×{repeats}
        </span>
      )}
      {item.class === "test" && <span className="tag">{t("case.test")}</span>}
      {item.children > 0 && (
        <span className="tag" title={t("queue.behind_hint", { count: item.children })}>
          {t("queue.behind", { count: item.children })}
        </span>
      )}
      {item.high_risk > 0 && <span className="tag tag-strong">{t("queue.high_risk", { count: item.high_risk })}</span>}
      {item.escalation_level > 0 && (
        <span className="tag tag-strong" title={t("queue.escalated_hint", { level: item.escalation_level })}>
          {t("queue.escalated", { level: item.escalation_level })}
        </span>
      )}
      {item.overdue && <span className="tag tag-strong">{t("queue.warned")}</span>}
      {unseen && <span className="tag tag-strong">{t("queue.new_alarm")}</span>}
    </>
  );
}

interface RowProps {
  item: CaseSummary;
  mine: boolean;
}

export function Row({ item, mine }: RowProps): ReactElement {
  const texts = useTexts();
  const seat = useSeat();
  const row = useRef<HTMLLIElement>(null);
  const phase = phaseOf(item);
  const named = handedTo(item);
  const waiting = phase === "waiting" && (named === null || named === seat.user.id);
  const selected = useDesk((state) => state.openCaseId === item.id);
  const stale = useDesk((state) => state.link === "stale");
  const awaited = useDesk((state) => state.claiming.has(item.id));
  const seen = useDesk((state) => state.seenRings.get(item.id));
  const unseen = mine && phase === "held" && seen !== undefined && item.rings > seen;
  useShown(row, item.id, item.rings, waiting);
  return (
    <li
      ref={row}
      className={`row ${waiting || unseen ? `row-p${item.priority}` : "row-held"}`}
      data-row={item.id}
      data-phase={phase}
      data-selected={selected || undefined}
    >
      <button className="row-open" type="button" aria-pressed={selected} onClick={() => openCase(item.id)}>
        <Mark priority={item.priority} flashing={waiting || unseen} />
        <span className="row-title">
          <span>{titleOf(item, texts)}</span>
          <Tags item={item} unseen={unseen} />
        </span>
        <Running item={item} />
        <span className="row-who">
          <b>{nameOf(item, texts)}</b> {personOf(item, texts)}
          {!waiting && item.place !== null && ` · ${doorOf(item)}`}
        </span>
        <span className="row-note">{waiting && named === null ? <Remaining item={item} /> : <Holder item={item} mine={mine} />}</span>
        {waiting && item.place !== null && <span className="row-where">{doorOf(item)}</span>}
        {waiting && <LimitBar item={item} />}
      </button>
      {seat.mayAct && claimable(item, seat.user.id) && (
        <button
          className={waiting ? `claim claim-p${item.priority}` : "claim"}
          type="button"
          disabled={stale || awaited}
          aria-label={texts.t("queue.claim_of", { name: whoAndWhat(item, texts) })}
          onClick={() => void claim(item.id)}
        >
          {texts.t("queue.claim")}
        </button>
      )}
    </li>
  );
}

function Holder({ item, mine }: RowProps): ReactElement {
  const { t } = useTexts();
  const me = useSeat().user.id;
  if (item.state === "handed_over" && item.handed_to !== null) {
    const name = item.handed_to.id === me ? (item.handed_from ?? "") : item.handed_to.name;
    const words = item.handed_to.id === me ? "hand.to_me" : "hand.to_other";
    return <span className="tag tag-strong">{t(words, { name })}</span>;
  }
  if (phaseOf(item) === "done") return <span className="tag">{t("queue.resolved")}</span>;
  return mine ? <Remaining item={item} /> : <span className="left">{item.owner?.name}</span>;
}
