import { useState, type ReactElement } from "react";

import type { ResidentDetail } from "../api/client";
import { takeCase, useLastReadings, useResident } from "../api/queries";
import { bandWords, sourceOf } from "../case/Trends";
import { unitOf, vitalsOf } from "../case/vitals";
import { explain } from "../desk/actions";
import { useSeat } from "../desk/context";
import { openCase, useDesk } from "../desk/state";
import { Panel } from "../look/Panel";
import { useTexts, type TextKey } from "../texts/texts";
import { age, instant, phoneNumber } from "../time/format";
import { CasesOf } from "./CasesOf";
import { openByHand, useDevices } from "./queries";
import { look, lookAway, useLooked } from "./state";

function useAgo(): (iso: string | null) => string {
  const { t } = useTexts();
  const now = useDesk((state) => state.nowMs) ?? 0;
  return (iso) => {
    const at = instant(iso);
    if (at === null) return t("none");
    const { count, unit } = age(now - at);
    return t(`age.${unit}` as TextKey, { count });
  };
}

export function Back(): ReactElement {
  const { t } = useTexts();
  const backTo = useLooked((state) => state.looked?.backTo ?? null);
  return (
    <button type="button" className={backTo === null ? "plain big" : "primary big"} onClick={lookAway}>
      {t(backTo === null ? "resident.back" : "resident.back_to_case")}
    </button>
  );
}

function Devices({ homeId }: { homeId: string | null }): ReactElement {
  const { t, term } = useTexts();
  const ago = useAgo();
  const devices = useDevices(homeId);
  const list = devices.data ?? [];
  return (
    <Panel name="devices" title={t("resident.devices")}>
      {homeId !== null && devices.data === undefined && <p className="label">{t(devices.isError ? "resident.unreadable" : "resident.reading")}</p>}
      {(homeId === null || devices.data?.length === 0) && <p className="label">{t("resident.no_devices")}</p>}
      <ul className="lines">
        {list.map((device) => (
          <li key={device.id}>
            <span>
              <b>{sourceOf(device.id, term)}</b> <span className="label">{device.id}</span>
            </span>
            <span>
              {device.online === null ? t("resident.unknown") : t(device.online ? "resident.online" : "resident.offline")} ·{" "}
              {ago(device.last_seen_at)}
            </span>
            <span>{device.battery_percent === null ? "" : t("resident.battery", { percent: Math.round(device.battery_percent) })}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function LastValues({ resident }: { resident: ResidentDetail }): ReactElement {
  const { t, term } = useTexts();
  const now = useDesk((state) => state.nowMs) ?? 0;
  const ago = useAgo();
  const { mayAct } = useSeat();
  const last = useLastReadings(mayAct ? resident.id : null);
  const vitals = last.data === undefined ? [] : vitalsOf(last.data, resident.limits, now);
  return (
    <Panel name="last-values" title={t("resident.last")}>
      {last.data === undefined && (
        <p className="label">{t(mayAct ? (last.isError ? "vitals.unreadable" : "resident.reading") : "vitals.not_for_role")}</p>
      )}
      <ul className="lines">
        {vitals.map((vital) => (
          <li key={vital.kind} data-outside={vital.arrow !== null || undefined}>
            <span>{term("reading", vital.kind)}</span>
            <b>
              {vital.value ?? t("none")} {vital.value !== null && (vital.unit === "/min" ? t("unit.per_minute") : unitOf(vital.unit))}
              {vital.arrow === "up" && " ↑"}
              {vital.arrow === "down" && " ↓"}
            </b>
            <span className="label">
              {vital.why !== null && t(vital.why)}
              {vital.band !== null && `${bandWords(vital.band, t)} · `}
              {vital.atMs !== null && ago(new Date(vital.atMs).toISOString())}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function People({ resident }: { resident: ResidentDetail }): ReactElement {
  const { t } = useTexts();
  return (
    <Panel name="people" title={t("resident.contacts")}>
      {resident.contacts.length === 0 && <p className="label">{t("contacts.none")}</p>}
      <ul className="lines">
        {resident.contacts.map((contact) => (
          <li key={contact.name + contact.phone}>
            <span>
              <b>{contact.name}</b> {contact.relation}
              {contact.has_key && <span className="tag tag-strong">{t("contacts.has_key")}</span>}
            </span>
            <b>{phoneNumber(contact.phone)}</b>
            <span className="label">{contact.distance_note}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** A call that reached nobody's telephone system: a case without an alarm, claimed at once. */
function ByHand({ residentId }: { residentId: string }): ReactElement {
  const { t } = useTexts();
  const [note, setNote] = useState("");
  const [failure, setFailure] = useState("");
  const open = (): void => {
    openByHand(residentId, note.trim()).then(
      (item) => {
        takeCase(item);
        openCase(item.id);
      },
      (error: unknown) => setFailure(explain(error)),
    );
  };
  return (
    <div className="by-hand" role="group" aria-label={t("resident.by_hand")}>
      <input
        value={note}
        maxLength={2000}
        aria-label={t("resident.by_hand_why")}
        placeholder={t("resident.by_hand_prompt")}
        onChange={(event) => setNote(event.target.value)}
      />
      <button type="button" className="plain big" disabled={note.trim() === ""} onClick={open}>
        {t("resident.by_hand_open")}
      </button>
      {failure !== "" && <span role="alert">{failure}</span>}
    </div>
  );
}

function Card({ resident }: { resident: ResidentDetail }): ReactElement {
  const { t } = useTexts();
  const facts = [t(`sex.${resident.sex}`), resident.age === null ? "" : t("case.years", { age: resident.age })];
  const ends = resident.id_number_ends;
  const state = resident.state?.state ?? "active";
  return (
    <header className="identity panel">
      <div className="who">
        <p className="person">
          <b>{resident.name}</b> {facts.filter((fact) => fact !== "").join(" · ")}
          <span className="tag">{t(`resident.state.${state}`)}</span>
        </p>
        <p className="address">
          <b>{resident.bed?.place ?? t("resident.no_bed")}</b> {resident.bed?.label}
        </p>
        <p className="access">
          <span>{resident.phones.map(phoneNumber).join(" · ") || t("phone.none")}</span>
          {ends !== null && <span className="label">{`${t("resident.id_ends")} ${ends}`}</span>}
        </p>
      </div>
    </header>
  );
}

/** An elder without a case: who, where, with what devices, what was last measured, whom to call, what happened. */
export function ResidentView({ id }: { id: string }): ReactElement {
  const { t } = useTexts();
  const { mayAct } = useSeat();
  const { data: resident, isError } = useResident(id);
  if (resident === undefined) {
    return (
      <section className="case-empty panel">
        <p>{t(isError ? "resident.unreadable" : "resident.reading")}</p>
        <Back />
      </section>
    );
  }
  const bed = resident.bed;
  return (
    <article className="case resident" aria-label={t("resident.label", { name: resident.name })}>
      <Card resident={resident} />
      <div className="resident-body">
        <LastValues resident={resident} />
        <Devices homeId={bed?.home_id ?? null} />
        <People resident={resident} />
        <CasesOf what="resident" id={id} />
      </div>
      <footer className="actions">
        <Back />
        {bed !== null && (
          <button type="button" className="plain big" onClick={() => look("bed", bed.bed_id)}>
            {t("resident.bed")}
          </button>
        )}
        {mayAct && <ByHand residentId={id} />}
      </footer>
    </article>
  );
}
