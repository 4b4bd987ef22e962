import type { ReactElement } from "react";

import type { CaseDetail, CaseEntry, CaseSummary } from "../api/client";
import { renew } from "../desk/actions";
import { useSeat } from "../desk/context";
import { useDesk } from "../desk/state";
import { Mark } from "../look/Mark";
import { isBrief, stageOf } from "../queue/order";
import { phaseOf } from "../queue/phase";
import { repeatsOf, titleOf } from "../queue/wording";
import { useTexts, type Key, type TextKey } from "../texts/texts";
import { instant, span, timeOfDay } from "../time/format";
import { questionOf, reasonsOf } from "./reasons";
import "./band.css";

interface Stage {
  key: "opened" | "claimed" | "contacted" | "dispatched" | "arrived" | "closed";
  atMs: number | null;
}

/** 报警 → 接警 → 联系 → 派单 → 到场 → 结案, each with its time where it has happened. */
export function stagesOf(item: CaseSummary, detail: CaseDetail | undefined): Stage[] {
  const claimed = instant(item.claimed_at);
  const first = (...kinds: string[]): number | null =>
    instant(detail?.timeline.find((entry) => kinds.includes(entry.kind) && !isUndone(entry, detail))?.at);
  return [
    { key: "opened", atMs: instant(item.opened_at) },
    { key: "claimed", atMs: claimed },
    { key: "contacted", atMs: claimed === null ? null : first("call", "contacting", "call_back") },
    { key: "dispatched", atMs: first("dispatched") },
    { key: "arrived", atMs: first("arrived") },
    { key: "closed", atMs: instant(item.closed_at) },
  ];
}

/** A dispatch that was taken back at once never was one. */
function isUndone(entry: CaseEntry, detail: CaseDetail): boolean {
  const id = entry.data["dispatch_id"];
  return id !== undefined && detail.dispatches.some((one) => one.id === id && one.state === "undone");
}

function Stages({ item, detail }: { item: CaseSummary; detail: CaseDetail | undefined }): ReactElement {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const stages = stagesOf(item, detail);
  const next = stages.findLastIndex((stage) => stage.atMs !== null) + 1;
  return (
    <ol className="stages" aria-label={t("stages.label")}>
      {stages.map((stage, index) => (
        <li key={stage.key} data-step={stage.atMs !== null ? "done" : index === next ? "next" : "later"}>
          <b>{t(`stage.${stage.key}` as TextKey)}</b>
          <span>{stage.atMs === null ? (index < next ? "—" : "…") : timeOfDay(stage.atMs, zone)}</span>
        </li>
      ))}
    </ol>
  );
}

/** Which limit runs: of claiming, of the present stage. */
function limitKey(item: CaseSummary): Key {
  return phaseOf(item) === "waiting" ? "clock.claim" : (`clock.stage.${item.state}` as Key);
}

function LimitLine({ item, mine }: { item: CaseSummary; mine: boolean }): ReactElement {
  const { t } = useTexts();
  const now = useDesk((state) => state.nowMs);
  const { config } = useSeat();
  const stage = stageOf(item, config.limits);
  const phase = phaseOf(item);
  if (phase === "done" || phase === "over") return <p className="limit">{t("clock.done")}</p>;
  if (stage === null || now === null) return <p className="limit">{t("clock.no_limit")}</p>;
  const left = stage.due - now;
  const part = Math.min(1, Math.max(0, 1 - left / Math.max(1, stage.due - stage.from)));
  const given = phase === "waiting" || isBrief(item);
  const end = timeOfDay(stage.due, config.time_zone);
  const limit = t(limitKey(item), { limit: given ? span(stage.due - stage.from) : end });
  const held = mine && phase === "held";
  const words = given && left > stage.due - stage.from ? t("clock.call") : limit;
  return (
    <>
      <p className="limit">
        {left >= 0 ? (
          <>
            {words} · {t("queue.left", { span: span(left) })}
          </>
        ) : (
          <span className="overdue">{t(held ? "clock.returning" : "queue.overdue", { span: span(-left) })}</span>
        )}
      </p>
      <span className="bar" data-over={left < 0 || undefined}>
        <span style={{ width: `${part * 100}%` }} />
      </span>
    </>
  );
}

const LAST_MS = 20_000;

/** Before the stage's limit ends, and after: one press says that the case is still being worked on. */
function Keep({ item }: { item: CaseSummary }): ReactElement | null {
  const { t } = useTexts();
  const now = useDesk((state) => state.nowMs);
  const stale = useDesk((state) => state.link === "stale");
  const stage = stageOf(item, useSeat().config.limits);
  if (stage === null || now === null || stage.due - now >= LAST_MS) return null;
  return (
    <button type="button" className="primary keep" disabled={stale} onClick={() => void renew(item.id)}>
      {t("clock.keep")}
    </button>
  );
}

function Clock({ item, mine }: { item: CaseSummary; mine: boolean }): ReactElement {
  const { t } = useTexts();
  const now = useDesk((state) => state.nowMs);
  const opened = instant(item.opened_at);
  const end = instant(item.resolved_at) ?? instant(item.closed_at) ?? now;
  return (
    <div className="clock">
      <div className="since">
        {mine && phaseOf(item) === "held" && <Keep item={item} />}
        <span className="elapsed" role="timer" aria-label={t("clock.since")}>
          {end === null || opened === null ? "—" : span(end - opened)}
        </span>
      </div>
      <LimitLine item={item} mine={mine} />
    </div>
  );
}

interface BandProps {
  item: CaseSummary;
  detail: CaseDetail | undefined;
  mine: boolean;
}

/** What, why, how far, how long: the first line that is read. */
export function Band({ item, detail, mine }: BandProps): ReactElement {
  const texts = useTexts();
  const { t, term } = texts;
  const unseen = useDesk((state) => mine && item.rings > (state.seenRings.get(item.id) ?? item.rings));
  const room = item.place?.incident_room;
  const why = [room ? term("room", room) : "", ...reasonsOf(detail, texts)].filter((part) => part !== "");
  const ask = questionOf(detail, texts);
  return (
    <header className={`band panel band-p${item.priority}`}>
      <Mark priority={item.priority} flashing={phaseOf(item) === "waiting" || unseen} size={40} />
      <div className="what">
        <h2>
          {titleOf(item, texts)}
          {item.class !== "care" && <span className="tag">{t(`case.${item.class}`)}</span>}
          {repeatsOf(item) > 1 && <span className="tag">×{repeatsOf(item)}</span>}
        </h2>
        <p>
          {ask !== null && <strong>{ask} · </strong>}
          {[t("case.number", { number: item.number }), ...why].join(" · ")}
        </p>
      </div>
      <Stages item={item} detail={detail} />
      <Clock item={item} mine={mine} />
    </header>
  );
}
