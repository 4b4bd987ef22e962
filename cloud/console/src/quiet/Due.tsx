import { useMemo, useState, type ReactElement } from "react";

import type { CaseSummary, PhoneCall } from "../api/client";
import { usePhone } from "../api/phoneQueries";
import { useLiveCases } from "../api/queries";
import { explain } from "../desk/actions";
import { useSeat } from "../desk/context";
import { CallPop } from "../desk/Phone";
import { openCase, showPanel, tell, useDesk } from "../desk/state";
import { Panel } from "../look/Panel";
import { doorOf, nameOf, titleOf } from "../queue/wording";
import { useTexts } from "../texts/texts";
import { instant, phoneNumber, span, timeOfDay } from "../time/format";
import { followUpsDue, missedCalls } from "./due";
import { messageDone, useCaller, useLatestCalls, useOverdue, type OverdueMessage } from "./queries";

function FollowUp({ item }: { item: CaseSummary }): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const { mayAct } = useSeat();
  const now = useDesk((state) => state.nowMs);
  const resolved = instant(item.resolved_at);
  const open = (): void => {
    openCase(item.id);
    if (mayAct) showPanel("follow");
  };
  return (
    <li>
      <span className="words">
        <b>{nameOf(item, texts)}</b> {doorOf(item)} · {titleOf(item, texts)}
      </span>
      <span className="label">{now === null || resolved === null ? t("none") : t("due.resolved", { span: span(now - resolved) })}</span>
      <button type="button" className="plain" aria-label={t("due.follow_of", { name: nameOf(item, texts) })} onClick={open}>
        {t("due.follow")}
      </button>
    </li>
  );
}

function Missed({ call }: { call: PhoneCall }): ReactElement {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const [shown, show] = useState(false);
  const caller = useCaller(call.id, shown).data;
  const number = phoneNumber(call.other_number);
  return (
    <>
      <li>
        <span className="words">
          <b>{number}</b> {call.other_name || t("incoming.unknown")}
        </span>
        <span className="label">{t("due.missed", { time: timeOfDay(instant(call.begun_at) ?? 0, zone) })}</span>
        <button type="button" className="plain" aria-expanded={shown} aria-label={t("due.show_of", { number })} onClick={() => show(!shown)}>
          {t(shown ? "incoming.hide" : "due.show")}
        </button>
      </li>
      {shown && caller !== undefined && (
        <li className="due-caller">
          <CallPop call={caller} />
        </li>
      )}
    </>
  );
}

function Undelivered({ message }: { message: OverdueMessage }): ReactElement {
  const { t } = useTexts();
  const { mayAct } = useSeat();
  const stale = useDesk((state) => state.link === "stale");
  const name = message.recipient_name || phoneNumber(message.address);
  const done = (): void => void messageDone(message.id).catch((error: unknown) => tell(explain(error)));
  return (
    <li>
      <span className="words" title={message.text ?? undefined}>
        <b>{name}</b> {phoneNumber(message.address)} · {message.text ?? t("none")}
      </span>
      <span className="label">{t("due.overdue")}</span>
      {mayAct && (
        <button type="button" className="plain" disabled={stale} aria-label={t("due.done_of", { name })} onClick={done}>
          {t("due.done")}
        </button>
      )}
    </li>
  );
}

/** Whom to call: callers nobody answered, people whom a message did not reach, elders whose case is resolved. */
export function Due(): ReactElement {
  const { t } = useTexts();
  const live = useLiveCases();
  const { mayAct } = useSeat();
  const followUps = useMemo(() => followUpsDue(live.values()), [live]);
  const hasPhones = (usePhone().data?.providers.length ?? 0) > 0;
  const calls = useLatestCalls(mayAct && hasPhones);
  const minute = useDesk((state) => Math.floor((state.nowMs ?? 0) / 60_000));
  const missed = useMemo(() => missedCalls(calls.data ?? [], minute * 60_000), [calls.data, minute]);
  const overdue = useOverdue();
  const undelivered = overdue.data ?? [];
  const count = followUps.length + missed.length + undelivered.length;
  const failed = calls.error ?? overdue.error;
  return (
    <Panel name="due" title={t("due.title", { count })}>
      {failed !== null && <p className="label">{t("due.unread")}</p>}
      {count === 0 && failed === null && <p className="label">{t("due.none")}</p>}
      <ul className="due-list">
        {missed.map((call) => (
          <Missed key={call.id} call={call} />
        ))}
        {undelivered.map((message) => (
          <Undelivered key={message.id} message={message} />
        ))}
        {followUps.map((item) => (
          <FollowUp key={item.id} item={item} />
        ))}
      </ul>
    </Panel>
  );
}
