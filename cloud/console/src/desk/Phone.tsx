/** The seat's telephone in the top bar, and who is calling. */
import { useEffect, useState, type FormEvent, type ReactElement } from "react";

import type { PhoneCallPop } from "../api/client";
import { caseOfCall } from "../api/commands";
import { readRunningCalls, registerExtension, setPhoneState, usePhone, type ChosenState } from "../api/phoneQueries";
import { useTexts, type Texts } from "../texts/texts";
import { instant, phoneNumber, span } from "../time/format";
import { explain } from "./actions";
import { isLive, takeCall } from "./phone";
import { openCase, tell, useDesk } from "./state";

const STATES: readonly ChosenState[] = ["ready", "wrap_up", "not_ready", "logged_out"];
const STORED = "carebed.extension";

function said(act: Promise<void>): void {
  act.catch((error: unknown) => tell(explain(error)));
}

/** Which extension rings here; remembered on this machine, since a telephone stays on its desk. */
function Register({ choices }: { choices: readonly string[] }): ReactElement {
  const { t } = useTexts();
  const [extension, setExtension] = useState(() => localStorage.getItem(STORED) ?? "");
  const [provider, setProvider] = useState(choices[0] ?? "");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (extension.trim() === "") return;
    localStorage.setItem(STORED, extension.trim());
    said(registerExtension(extension.trim(), provider));
  };
  return (
    <form className="register" title={t("phone.register_hint")} onSubmit={submit}>
      <input
        value={extension}
        maxLength={32}
        size={5}
        inputMode="tel"
        aria-label={t("phone.extension")}
        placeholder={t("phone.extension")}
        onChange={(event) => setExtension(event.target.value)}
      />
      {choices.length > 1 && (
        <select value={provider} aria-label={t("phone.system")} onChange={(event) => setProvider(event.target.value)}>
          {choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      )}
      <button type="submit" className="plain">
        {t("phone.save")}
      </button>
    </form>
  );
}

/** Nothing where there is no telephone system; else the extension and whether it takes calls. */
export function PhoneControl(): ReactElement | null {
  const { t } = useTexts();
  const found = usePhone().data;
  const phone = found?.phone;
  const seatId = phone?.seat_id;
  useEffect(() => {
    if (seatId === undefined) return;
    readRunningCalls(seatId).then(
      (calls) => calls.forEach(takeCall),
      () => undefined,
    );
  }, [seatId]);
  if (found === undefined || found.providers.length === 0) return null;
  if (phone === null || phone === undefined) return <Register choices={found.providers} />;
  return (
    <label className="phone-state" data-state={phone.state}>
      <span>{phone.extension}</span>
      <select
        value={phone.state}
        disabled={phone.state === "busy"}
        aria-label={t("phone.choose_state")}
        onChange={(event) => said(setPhoneState(event.target.value as ChosenState))}
      >
        {phone.state === "busy" && <option value="busy">{t("phone.state.busy")}</option>}
        {STATES.map((state) => (
          <option key={state} value={state}>
            {t(`phone.state.${state}`)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The incoming call that rings or runs here, the oldest first. */
export function useIncoming(): PhoneCallPop | undefined {
  const calls = useDesk((state) => state.phoneCalls);
  return [...calls.values()].find((call) => call.direction === "incoming");
}

function whoCalls(call: PhoneCallPop, { t }: Texts): string {
  if (call.other_number === "") return t("incoming.withheld");
  const names = call.callers.map((caller) => caller.name).join(" / ");
  return `${phoneNumber(call.other_number)} · ${names || t("incoming.unknown")}`;
}

function Since({ call }: { call: PhoneCallPop }): ReactElement | null {
  const { t } = useTexts();
  const now = useDesk((state) => state.nowMs) ?? 0;
  if (!isLive(call)) return null;
  const running = span(now - (instant(call.connected_at ?? call.begun_at) ?? 0));
  return (
    <span className="label" aria-live="off">
      {t(call.state === "connected" ? "incoming.talking" : "incoming.ringing", { span: running })}
    </span>
  );
}

/** A call comes in while a case is open: told in a line, never over the case. */
export function IncomingBar({ call }: { call: PhoneCallPop }): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const shown = useDesk((state) => state.shownCallId === call.id);
  const toggle = (): void => useDesk.setState({ shownCallId: shown ? null : call.id });
  return (
    <section className="incoming-bar panel" role="alert" aria-label={t("incoming.title")}>
      <b>{t("incoming.title")}</b>
      <span className="words">{whoCalls(call, texts)}</span>
      <Since call={call} />
      <span className="panel-buttons">
        <button type="button" className="primary big" aria-expanded={shown} onClick={toggle}>
          {t(shown ? "incoming.hide" : "incoming.show")}
        </button>
      </span>
    </section>
  );
}

type Resident = PhoneCallPop["callers"][number]["residents"][number];

/** The call belongs to this case from now on, or begins one; then the case opens. */
async function goOn(call: PhoneCallPop, about: { case_id?: string; resident_id?: string }): Promise<void> {
  try {
    openCase(await caseOfCall(call.id, about));
  } catch (error) {
    tell(explain(error));
  }
}

function ResidentLine({ call, resident }: { call: PhoneCallPop; resident: Resident }): ReactElement {
  const { t } = useTexts();
  const relation = resident.is_caller ? t("incoming.self") : resident.relation;
  const age = resident.age === null ? "" : t("case.years", { age: resident.age });
  return (
    <li>
      <p>
        <b>{resident.name}</b> {t(`sex.${resident.sex}`)} {age} · {relation}
        {resident.has_key && <span className="tag tag-strong">{t("contacts.has_key")}</span>}
      </p>
      <p>{resident.place || t("case.unknown_place")}</p>
      <p className="panel-buttons">
        {resident.cases.length === 0 && <span className="label">{t("incoming.no_cases")}</span>}
        {resident.cases.map((item) => (
          <button key={item.id} type="button" className="primary" onClick={() => void goOn(call, { case_id: item.id })}>
            {t("incoming.open_case", { number: item.number })}
          </button>
        ))}
        <button type="button" className="plain" onClick={() => void goOn(call, { resident_id: resident.id })}>
          {t("incoming.new_case", { name: resident.name })}
        </button>
      </p>
    </li>
  );
}

/** Who is calling: people with this number, their elders, and what runs for them. */
export function CallPop({ call }: { call: PhoneCallPop }): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  return (
    <section className="call-pop panel" aria-label={t("incoming.title")}>
      <header>
        <h2>{t("incoming.title")}</h2>
        <b className="words">{whoCalls(call, texts)}</b>
        <Since call={call} />
        {call.state === "ringing" && <span>{t("incoming.pick_up")}</span>}
      </header>
      {call.callers.map((caller) => (
        <div key={caller.id} className="caller">
          <h3>{caller.name}</h3>
          {caller.residents.length === 0 && <p className="label">{t("incoming.no_residents")}</p>}
          <ul>
            {caller.residents.map((resident) => (
              <ResidentLine key={resident.id} call={call} resident={resident} />
            ))}
          </ul>
        </div>
      ))}
      {call.more_callers && <p className="label">{t("incoming.more")}</p>}
      <p>
        <button type="button" className="plain" onClick={() => void goOn(call, {})}>
          {t("incoming.new_unknown")}
        </button>
      </p>
    </section>
  );
}
