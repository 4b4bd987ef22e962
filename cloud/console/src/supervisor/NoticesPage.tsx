import { useState, type ReactElement } from "react";

import { answered, api, freshKey } from "../api/client";
import { queries } from "../api/queries";
import { useSeat } from "../desk/context";
import { Panel } from "../look/Panel";
import { useTexts, type Key } from "../texts/texts";
import { dateAndTime, instant, phoneNumber } from "../time/format";
import { detailOf, Read, useChief } from "./reading";

const EVERY_S = 15;
const readOverdue = async () =>
  (await answered(api.GET("/api/v1/notifications/overdue", { params: { query: {} } }))).items;
const readDead = async () =>
  (await answered(api.GET("/api/v1/notifications", { params: { query: { state: ["dead"] } } }))).items;
const readChannels = async () => (await answered(api.GET("/api/v1/notifications/channels"))).items;
type Overdue = Awaited<ReturnType<typeof readOverdue>>[number];
type Dead = Awaited<ReturnType<typeof readDead>>[number];

function act(id: string, verb: "done" | "retry"): Promise<unknown> {
  const params = { path: { notification_id: id }, header: { "Idempotency-Key": freshKey() } };
  return verb === "done"
    ? answered(api.POST("/api/v1/notifications/{notification_id}/done", { params }))
    : answered(api.POST("/api/v1/notifications/{notification_id}/retry", { params }));
}

function useActing(): { said: string; run: (id: string, verb: "done" | "retry") => void } {
  const { t } = useTexts();
  const [said, say] = useState("");
  const run = (id: string, verb: "done" | "retry"): void => {
    say("");
    act(id, verb)
      .catch((error: unknown) => say(t("notice.failed", { detail: detailOf(error) })))
      .finally(() => void queries.invalidateQueries({ queryKey: ["chief", "notices"] }));
  };
  return { said, run };
}

function OverdueRow({ one, run }: { one: Overdue; run: (id: string, verb: "done" | "retry") => void }): ReactElement {
  const { t } = useTexts();
  const { user, config } = useSeat();
  return (
    <tr>
      <td>P{one.priority}</td>
      <td>{one.case_number === null ? t("none") : t("audit.case", { number: one.case_number })}</td>
      <th scope="row">{one.recipient_name || one.recipient.id}</th>
      <td>
        <b>{phoneNumber(one.address) || t("none")}</b> {t(`channel.${one.channel}` as Key)}
      </td>
      <td className="audit-detail">{one.text ?? t("none")}</td>
      <td>{dateAndTime(instant(one.queued_at) ?? 0, config.time_zone)}</td>
      <td>
        {user.role === "supervisor" && (
          <button type="button" className="plain" onClick={() => run(one.id, "done")}>
            {t("notice.done")}
          </button>
        )}
      </td>
    </tr>
  );
}

function DeadRow({ one, run }: { one: Dead; run: (id: string, verb: "done" | "retry") => void }): ReactElement {
  const { t } = useTexts();
  const { config } = useSeat();
  return (
    <tr>
      <td>P{one.priority}</td>
      <th scope="row">{one.template}</th>
      <td>{t(`channel.${one.channel}` as Key)}</td>
      <td>{one.reason || t("none")}</td>
      <td className="number">{one.attempts}</td>
      <td>{dateAndTime(instant(one.queued_at) ?? 0, config.time_zone)}</td>
      <td>
        <button type="button" className="plain" onClick={() => run(one.id, "retry")}>
          {t("notice.retry")}
        </button>
      </td>
    </tr>
  );
}

function Channels(): ReactElement {
  const { t } = useTexts();
  const channels = useChief(["channels"], readChannels, EVERY_S);
  return (
    <Panel name="notice-channels" title={t("notice.channels")}>
      <Read of={channels}>
        {(items) => (
          <ul className="chief-list">
            {items.map((one) => (
              <li key={one.channel}>
                <b>{t(`channel.${one.channel}` as Key)}</b>
                <span className="chief-right">
                  {!one.configured && <span className="tag tag-strong">{t("notice.not_configured")}</span>}
                  {one.providers.map((provider) => (
                    <span key={provider.name}>
                      {provider.name} {t(provider.silent ? "notice.silent" : "notice.ok")}{" "}
                    </span>
                  ))}
                </span>
              </li>
            ))}
          </ul>
        )}
      </Read>
    </Panel>
  );
}

/** What must be done by hand after an outage, what came to nothing, and which channels there are. */
export function NoticesPage(): ReactElement {
  const { t } = useTexts();
  const overdue = useChief(["notices", "overdue"], readOverdue, EVERY_S);
  const dead = useChief(["notices", "dead"], readDead, EVERY_S);
  const { said, run } = useActing();
  return (
    <div className="chief-notices">
      <Panel name="notice-overdue" title={t("notice.overdue")} aside={t("notice.overdue_hint")}>
        <p role="status" className="said">
          {said}
        </p>
        <Read of={overdue}>
          {(items) => (
            <>
              {items.length === 0 && <p className="label">{t("notice.no_overdue")}</p>}
              <table className="chief-table">
                <tbody>
                  {items.map((one) => (
                    <OverdueRow key={one.id} one={one} run={run} />
                  ))}
                </tbody>
              </table>
            </>
          )}
        </Read>
      </Panel>
      <Panel name="notice-dead" title={t("notice.dead")}>
        <Read of={dead}>
          {(items) => (
            <>
              {items.length === 0 && <p className="label">{t("notice.no_dead")}</p>}
              <table className="chief-table">
                <tbody>
                  {items.map((one) => (
                    <DeadRow key={one.id} one={one} run={run} />
                  ))}
                </tbody>
              </table>
            </>
          )}
        </Read>
      </Panel>
      <Channels />
    </div>
  );
}
