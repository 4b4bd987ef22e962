import { useMemo, useState, type FormEvent, type ReactElement } from "react";
import { useNavigate } from "react-router";

import { answered, api, freshKey, type CaseSummary } from "../api/client";
import { takeCase, useLiveCases } from "../api/queries";
import { useSeat } from "../desk/context";
import { openCase, useDesk } from "../desk/state";
import { Mark } from "../look/Mark";
import { Panel } from "../look/Panel";
import { groupCases, stageOf } from "../queue/order";
import { phaseOf } from "../queue/phase";
import { doorOf, nameOf, titleOf } from "../queue/wording";
import { useTexts, type TextKey } from "../texts/texts";
import { instant, span } from "../time/format";
import { detailOf } from "./reading";

function useGroups(): { waiting: CaseSummary[]; held: CaseSummary[] } {
  const { user, config } = useSeat();
  const live = useLiveCases();
  return useMemo(() => {
    const groups = groupCases([...live.values()], user.id, config.limits);
    const held = [...groups.mine, ...groups.others].filter((item) => phaseOf(item) === "held");
    return { waiting: groups.waiting, held };
  }, [live, user.id, config.limits]);
}

function What({ item }: { item: CaseSummary }): ReactElement {
  const texts = useTexts();
  return (
    <span className="chief-what">
      <Mark priority={item.priority} size={20} />
      <span>
        <b>{titleOf(item, texts)}</b>
        <br />
        <span className="label">
          {nameOf(item, texts)} {doorOf(item)}
        </span>
      </span>
    </span>
  );
}

/** A claim limit or a stage's limit, counting. */
function Left({ item }: { item: CaseSummary }): ReactElement {
  const { t } = useTexts();
  const limits = useSeat().config.limits;
  const now = useDesk((state) => state.nowMs);
  const stage = stageOf(item, limits);
  if (stage === null || now === null) return <>{t("none")}</>;
  const left = stage.due - now;
  if (left < 0) return <span className="overdue">{t("seats.overdue", { span: span(-left) })}</span>;
  return <>{t("seats.remaining", { span: span(left) })}</>;
}

function Waited({ item }: { item: CaseSummary }): ReactElement {
  const { t } = useTexts();
  const now = useDesk((state) => state.nowMs);
  const opened = instant(item.opened_at);
  return <>{now === null || opened === null ? t("none") : span(now - opened)}</>;
}

/** What nobody has: escalated ones say so. */
export function WaitingPanel(): ReactElement {
  const { t } = useTexts();
  const { waiting } = useGroups();
  return (
    <Panel name="chief-waiting" title={t("seats.waiting")} aside={String(waiting.length)}>
      {waiting.length === 0 && <p className="label">{t("seats.none_waiting")}</p>}
      <ul className="chief-list">
        {waiting.map((item) => (
          <li key={item.id} data-case={item.number}>
            <What item={item} />
            <span className="chief-right">
              <b>
                <Waited item={item} />
              </b>
              <br />
              <Left item={item} />
              <br />
              <span className="label">
                {item.escalation_level > 0
                  ? t("seats.escalated", { level: item.escalation_level })
                  : t("seats.not_escalated")}
              </span>
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

async function takeOver(item: CaseSummary, reason: string): Promise<CaseSummary> {
  const params = { path: { case_id: item.id }, header: { "Idempotency-Key": freshKey() } };
  const body = reason === "" ? {} : { reason };
  return answered(api.POST("/api/v1/cases/{case_id}/take-over", { params, body }));
}

interface TakeProps {
  item: CaseSummary;
  done: (text: string) => void;
}

function TakeForm({ item, done }: TakeProps): ReactElement {
  const { t } = useTexts();
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const stale = useDesk((state) => state.link === "stale");
  const confirm = (event: FormEvent): void => {
    event.preventDefault();
    setBusy(true);
    takeOver(item, reason.trim()).then(
      (taken) => {
        takeCase(taken);
        done(t("seats.taken", { number: item.number }));
      },
      (error: unknown) => done(t("notice.failed", { detail: detailOf(error) })),
    );
  };
  return (
    <form className="take-form" onSubmit={confirm} aria-label={t("seats.take_of", { number: item.number })}>
      <label>
        <span className="label">{t("seats.take_reason")}</span>
        <input value={reason} maxLength={500} autoFocus onChange={(event) => setReason(event.target.value)} />
      </label>
      <button type="submit" className="primary" disabled={busy || stale}>
        {t("seats.take_confirm")}
      </button>
      <button type="button" className="plain" onClick={() => done("")}>
        {t("seats.cancel")}
      </button>
    </form>
  );
}

interface HeldRowProps {
  item: CaseSummary;
  taking: boolean;
  take: () => void;
  done: (text: string) => void;
}

function HeldRow({ item, taking, take, done }: HeldRowProps): ReactElement {
  const { t } = useTexts();
  const { user } = useSeat();
  const navigate = useNavigate();
  const mine = item.owner?.id === user.id;
  const open = (): void => {
    openCase(item.id);
    void navigate("/");
  };
  return (
    <li data-case={item.number}>
      <What item={item} />
      <span className="chief-right">
        <b>{mine ? t("seats.mine") : (item.owner?.name ?? t("none"))}</b> · {t(`state.${item.state}` as TextKey)}
        <br />
        <Left item={item} />
      </span>
      <span className="chief-doing">
        <button type="button" className="plain" onClick={open}>
          {t("seats.open")}
        </button>
        {user.role === "supervisor" && !mine && (
          <button type="button" className="plain" aria-expanded={taking} onClick={take}>
            {t("seats.take")}
          </button>
        )}
        <a className="plain link-like" href={`/api/v1/cases/${item.id}/evidence`} download>
          {t("seats.evidence")}
        </a>
      </span>
      {taking && <TakeForm item={item} done={done} />}
    </li>
  );
}

/** What is in hand, by whom, in which stage; a supervisor takes it over here. */
export function HeldPanel(): ReactElement {
  const { t } = useTexts();
  const { held } = useGroups();
  const [taking, setTaking] = useState<string | null>(null);
  const [said, say] = useState("");
  const done = (text: string): void => {
    setTaking(null);
    say(text);
  };
  return (
    <Panel name="chief-held" title={t("seats.held")} aside={String(held.length)}>
      <p role="status" className="said">
        {said}
      </p>
      {held.length === 0 && <p className="label">{t("seats.none_held")}</p>}
      <ul className="chief-list">
        {held.map((item) => (
          <HeldRow
            key={item.id}
            item={item}
            taking={taking === item.id}
            take={() => setTaking(taking === item.id ? null : item.id)}
            done={done}
          />
        ))}
      </ul>
    </Panel>
  );
}
