/** What stands below the thread: now, last night, contacts, devices, who looked. */
import type { ReactElement } from "react";

import { useSeat } from "../desk/context";
import { whenOf } from "../phone/times";
import { useTexts, type TextKey } from "../texts/texts";
import type { FamilyPage } from "./reading";
import { ageWords, factWords, nightWords } from "./words";

interface Props {
  page: FamilyPage;
  nowMs: number;
}

const AWAY = new Set(["hospital", "away", "suspended", "moved"]);

export function Now({ page, nowMs }: Props): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const zone = useSeat().config.time_zone;
  const { state, since, until } = page.state;
  const away = AWAY.has(state);
  return (
    <section data-section="now">
      <h2>{t("family.now")}</h2>
      {away ? (
        <>
          <p>
            <b>{t(`family.state.${state}` as TextKey, { time: since === null ? "—" : whenOf(since, nowMs, zone) })}</b>
          </p>
          {until !== null && <p>{t("family.state.until", { time: whenOf(until, nowMs, zone) })}</p>}
          <p className="quiet-note">{t("family.not_home")}</p>
        </>
      ) : (
        <dl className="facts">
          {page.now.map((fact) => {
            const words = factWords(fact, nowMs, zone, texts);
            return [
              <dt key={fact.what}>{t(`family.${fact.what}`)}</dt>,
              <dd key={`${fact.what} said`}>
                <b>{words.value}</b> <span className="aside">{words.note}</span>
              </dd>,
            ];
          })}
        </dl>
      )}
    </section>
  );
}

export function LastNight({ page }: Props): ReactElement | null {
  const texts = useTexts();
  if (page.night === null || AWAY.has(page.state.state)) return null;
  const words = nightWords(page.night, texts);
  return (
    <section data-section="night">
      <h2>{texts.t("family.night")}</h2>
      <p>
        <b>{words.value}</b> <span className="aside">{words.note}</span>
      </p>
    </section>
  );
}

export function Contacts({ page }: Props): ReactElement {
  const { t } = useTexts();
  return (
    <section>
      <h2>{t("family.contacts")}</h2>
      {page.contacts.length === 0 && <p className="quiet-note">{t("family.contacts.none")}</p>}
      <ol className="rows numbered">
        {page.contacts.map((contact) => (
          <li key={`${contact.name} ${contact.relation}`}>
            <b>{contact.name}</b>
            <span className="aside">
              {contact.relation}
              {contact.has_key && ` · ${t("family.has_key")}`}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

type Device = FamilyPage["devices"][number];

function DeviceState({ device, nowMs }: { device: Device; nowMs: number }): ReactElement {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  if (device.working === null) return <span className="aside">{t("family.device.unknown")}</span>;
  const low = device.battery_low ? ` · ${t("family.device.battery")}` : "";
  if (device.working) return <span>{t("family.device.ok") + low}</span>;
  const seen = device.last_seen_at;
  return (
    <b>
      {(seen === null
        ? t("family.device.lost_never")
        : t("family.device.lost", { time: whenOf(seen, nowMs, zone) })) + low}
    </b>
  );
}

export function Devices({ page, nowMs }: Props): ReactElement {
  const { t, term } = useTexts();
  return (
    <section data-section="devices">
      <h2>{t("family.devices")}</h2>
      {page.devices.length === 0 && <p className="quiet-note">{t("family.devices.none")}</p>}
      <ul className="rows">
        {page.devices.map((device) => (
          <li key={device.n}>
            <span>
              {device.room === "" ? "" : `${term("room", device.room)} `}
              {t(`family.what.${device.what}` as TextKey)}
            </span>
            <DeviceState device={device} nowMs={nowMs} />
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Looks({ page, nowMs }: Props): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const zone = useSeat().config.time_zone;
  return (
    <section data-section="looks">
      <h2>{t("family.looks")}</h2>
      {page.looks.length === 0 && <p className="quiet-note">{t("family.looks.none")}</p>}
      <ul className="rows">
        {page.looks.map((look) => (
          <li key={`${look.who} ${look.what} ${look.at}`}>
            <span>
              {t(`family.role.${look.role}` as TextKey)} <b>{look.who}</b>
              {t(`family.look.${look.what}`)}
            </span>
            <span className="aside" title={ageWords(look.at, nowMs, texts)}>
              {whenOf(look.at, nowMs, zone)}
              {look.times > 1 && ` · ${t("family.looks.times", { count: look.times })}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
