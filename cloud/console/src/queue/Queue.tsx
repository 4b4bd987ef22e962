import { useState, type ReactElement } from "react";

import type { CaseSummary } from "../api/client";
import { claimTop } from "../desk/actions";
import { useSeat } from "../desk/context";
import { muteSound } from "../desk/sounds";
import { useDesk } from "../desk/state";
import { Mark } from "../look/Mark";
import { useTexts, type TextKey } from "../texts/texts";
import { useAnchor } from "./anchor";
import { foldWaiting, type Groups } from "./order";
import { Row } from "./Row";
import { nameOf } from "./wording";

function MuteButton(): ReactElement {
  const { t } = useTexts();
  const muted = useDesk((state) => Math.ceil(state.mutedMs / 1000));
  const silent = useDesk((state) => state.ringing === null && state.link !== "stale" && state.mutedMs === 0);
  return (
    <button type="button" className="plain" disabled={silent} aria-pressed={muted > 0} onClick={muteSound}>
      {muted > 0 ? t("queue.muted", { seconds: muted }) : t("queue.mute")} <kbd>F8</kbd>
    </button>
  );
}

interface GroupProps {
  name: "waiting" | "mine" | "others";
  items: readonly CaseSummary[];
  shown?: readonly CaseSummary[];
  fold?: ReactElement | null;
}

function Group({ name, items, shown = items, fold = null }: GroupProps): ReactElement | null {
  const { t } = useTexts();
  if (items.length === 0) return null;
  const label = t(`queue.${name}` as TextKey);
  return (
    <section className="group" aria-label={label} data-group={name}>
      <h3>
        {label} <b>{items.length}</b>
      </h3>
      <ul>
        {shown.map((item) => (
          <Row key={item.id} item={item} mine={name === "mine"} />
        ))}
      </ul>
      {fold}
    </section>
  );
}

/** The line that stands for many alarms of level 3 and 4 while more than eight wait. */
function FoldLine({ count, open, onToggle }: { count: number; open: boolean; onToggle: () => void }): ReactElement {
  const { t } = useTexts();
  return (
    <button type="button" className="fold" aria-expanded={open} onClick={onToggle}>
      <Mark priority={3} size={18} />
      <span>{t("queue.folded", { count })}</span>
      <b>{t(open ? "queue.fold" : "queue.unfold")}</b>
    </button>
  );
}

function ClaimTop({ top }: { top: CaseSummary | undefined }): ReactElement {
  const texts = useTexts();
  const stale = useDesk((state) => state.link === "stale");
  if (stale) {
    return (
      <button type="button" className="claim-top" disabled>
        <kbd>F2</kbd> {texts.t("queue.phone_only")}
      </button>
    );
  }
  return (
    <button
      type="button"
      className="claim-top"
      disabled={top === undefined}
      onClick={() => top !== undefined && void claimTop(top.id)}
    >
      <kbd>F2</kbd> {texts.t("queue.claim_top")}
      {top !== undefined && (
        <>
          <span aria-hidden="true">·</span> <Mark priority={top.priority} size={20} />
          <span className="words">{nameOf(top, texts)}</span>
        </>
      )}
    </button>
  );
}

export function Queue({ groups }: { groups: Groups }): ReactElement {
  const { t } = useTexts();
  const seat = useSeat();
  const list = useAnchor();
  const [unfolded, setUnfolded] = useState(false);
  const notice = useDesk((state) => state.notice);
  const { shown, folded } = foldWaiting(groups.waiting);
  const line =
    folded.length > 0 ? (
      <FoldLine count={folded.length} open={unfolded} onToggle={() => setUnfolded(!unfolded)} />
    ) : null;
  return (
    <aside className="queue panel" aria-label={t("queue.title")}>
      <header>
        <h2>{t("queue.title")}</h2>
        <MuteButton />
      </header>
      <div className="queue-list" ref={list} tabIndex={0} role="group" aria-label={t("queue.list_label")}>
        <Group name="waiting" items={groups.waiting} shown={unfolded ? groups.waiting : shown} fold={line} />
        <Group name="mine" items={groups.mine} />
        <Group name="others" items={groups.others} />
        {groups.waiting.length + groups.mine.length + groups.others.length === 0 && (
          <p className="nothing">{t("queue.nothing_waiting")}</p>
        )}
      </div>
      <p className="notice" role="status">
        {notice?.text}
      </p>
      {seat.mayAct && <ClaimTop top={groups.waiting[0]} />}
    </aside>
  );
}
