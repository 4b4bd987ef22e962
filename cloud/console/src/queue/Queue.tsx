import { useState, type ReactElement } from "react";

import type { CaseSummary } from "../api/client";
import { claimTop } from "../desk/actions";
import { useSeat } from "../desk/context";
import { muteSound } from "../desk/sounds";
import { useDesk, useKnown } from "../desk/state";
import { Mark } from "../look/Mark";
import { useTexts, type TextKey } from "../texts/texts";
import { useAnchor } from "./anchor";
import { foldWaiting, type Fold, type Groups } from "./order";
import { Row } from "./Row";
import { Shelved } from "./Shelved";
import { nameOf, titleOf } from "./wording";

const SLOW_MS = 1_500;

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

/** The line that stands for many alarms while more than eight wait: lower levels, or one estate. */
function FoldLine({ fold, open, onToggle }: { fold: Fold; open: boolean; onToggle: () => void }): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const count = fold.items.length;
  const [first] = fold.items;
  return (
    <button type="button" className="fold" data-estate={fold.estate || undefined} aria-expanded={open} onClick={onToggle}>
      <Mark priority={fold.estate === "" ? 3 : 2} size={18} />
      <span>
        {fold.estate === "" || first === undefined
          ? t("queue.folded", { count })
          : `${titleOf(first, texts)} · ${t("queue.estate", { place: fold.estate, count })}`}
      </span>
      <b>{t(open ? "queue.fold" : "queue.unfold")}</b>
    </button>
  );
}

/** All folds of the waiting group, each opened by itself. */
function Folds({ folds }: { folds: readonly Fold[] }): ReactElement[] {
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const toggle = (key: string): void => {
    const after = new Set(opened);
    if (!after.delete(key)) after.add(key);
    setOpened(after);
  };
  return folds.map((fold) => (
    <div key={fold.key}>
      <FoldLine fold={fold} open={opened.has(fold.key)} onToggle={() => toggle(fold.key)} />
      {opened.has(fold.key) && (
        <ul>
          {fold.items.map((item) => (
            <Row key={item.id} item={item} mine={false} />
          ))}
        </ul>
      )}
    </div>
  ));
}

function ClaimTop({ top }: { top: CaseSummary | undefined }): ReactElement {
  const texts = useTexts();
  const stale = useDesk((state) => state.link === "stale");
  const awaited = useDesk((state) => state.claiming.size > 0);
  if (stale || awaited) {
    return (
      <button type="button" className="claim-top" disabled>
        <kbd>F2</kbd> {texts.t(stale ? "queue.phone_only" : "queue.claiming")}
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

/** What has become of a command: refused, or still on its way, with how long one has waited. */
function Notice(): ReactElement {
  const { t } = useTexts();
  const notice = useDesk((state) => state.notice);
  const waitedMs = useDesk((state) => (state.unansweredMs > SLOW_MS ? state.unansweredMs : 0));
  return (
    <p className="notice" role="status">
      {waitedMs > 0 ? t("notice.slow", { seconds: Math.round(waitedMs / 1000) }) : notice?.text}
    </p>
  );
}

/** Nothing waits: said only where it is known. */
function Nothing(): ReactElement {
  const { t } = useTexts();
  const known = useKnown();
  return <p className="nothing">{t(known === "now" ? "queue.nothing_waiting" : known === "reading" ? "queue.reading" : "queue.unknown")}</p>;
}

export function Queue({ groups }: { groups: Groups }): ReactElement {
  const { t } = useTexts();
  const seat = useSeat();
  const list = useAnchor();
  const { shown, folds } = foldWaiting(groups.waiting);
  return (
    <aside className="queue panel" aria-label={t("queue.title")}>
      <header>
        <h2>{t("queue.title")}</h2>
        <MuteButton />
      </header>
      <div className="queue-list" ref={list} tabIndex={0} role="group" aria-label={t("queue.list_label")}>
        <Group name="waiting" items={groups.waiting} shown={shown} fold={<Folds folds={folds} />} />
        <Group name="mine" items={groups.mine} />
        <Group name="others" items={groups.others} />
        {groups.waiting.length + groups.mine.length + groups.others.length === 0 && <Nothing />}
      </div>
      <Shelved />
      <Notice />
      {seat.mayAct && <ClaimTop top={groups.waiting[0]} />}
    </aside>
  );
}
