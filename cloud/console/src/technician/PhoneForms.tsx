/** Steps that need a telephone number: the hotline in a watch, the gateway's own SMS and calls. */
import { useState, type FormEvent, type ReactElement } from "react";

import { useSeat } from "../desk/context";
import { useTexts } from "../texts/texts";
import { giveCode, proveModem, writeHotline, type Checklist, type Step } from "./reading";

interface Props {
  step: Step;
  onFailure: (words: string) => void;
}

const MY_NUMBER = "carebed.my_number";

function fieldsOf(event: FormEvent<HTMLFormElement>): (name: string) => string {
  event.preventDefault();
  const fields = new FormData(event.currentTarget);
  return (name) => String(fields.get(name) ?? "").trim();
}

export function HotlineForm({ step, onFailure }: Props): ReactElement {
  const { t } = useTexts();
  const { config } = useSeat();
  const [busy, setBusy] = useState(false);
  const write = (event: FormEvent<HTMLFormElement>): void => {
    const field = fieldsOf(event);
    setBusy(true);
    void writeHotline(step.subject, field("phones").split(/[\s,，、]+/).filter((part) => part !== ""), field("sim")).then((words) => {
      setBusy(false);
      onFailure(words);
    });
  };
  return (
    <form className="tech-form" onSubmit={write}>
      <label>
        {t("tech.phones")}
        <input name="phones" inputMode="tel" required maxLength={80} defaultValue={step.phones.join(" ") || config.desk_phone} />
      </label>
      <label>
        {t("tech.sim_number")}
        <input name="sim" inputMode="tel" required maxLength={24} defaultValue={step.number} />
      </label>
      <button type="submit" className="phone-button" disabled={busy}>
        {t("tech.write")}
      </button>
    </form>
  );
}

function Code({ step, checklist, onFailure }: Props & { checklist: Checklist }): ReactElement {
  const { t } = useTexts();
  const check = (event: FormEvent<HTMLFormElement>): void =>
    void giveCode(checklist.id, step.subject, fieldsOf(event)("code")).then(onFailure);
  return (
    <form className="tech-form" onSubmit={check}>
      <label>
        {t("tech.code")}
        <input name="code" inputMode="numeric" pattern="[0-9]{4}" autoComplete="one-time-code" required maxLength={4} />
      </label>
      <button type="submit" className="phone-button primary">
        {t("tech.check_code")}
      </button>
    </form>
  );
}

export function ModemForm({ step, checklist, onFailure }: Props & { checklist: Checklist }): ReactElement {
  const { t } = useTexts();
  const how = step.kind === "sms" ? "sms" : "call";
  const send = (event: FormEvent<HTMLFormElement>): void => {
    const number = fieldsOf(event)("number");
    localStorage.setItem(MY_NUMBER, number);
    void proveModem(checklist.id, step.subject, how, number).then(onFailure);
  };
  return (
    <>
      {step.trouble === "no_code" && <Code step={step} checklist={checklist} onFailure={onFailure} />}
      <form className="tech-form" onSubmit={send}>
        <label>
          {t("tech.my_number")}
          <input name="number" inputMode="tel" required maxLength={24} defaultValue={step.number || (localStorage.getItem(MY_NUMBER) ?? "")} />
        </label>
        <button type="submit" className="phone-button" disabled={step.trouble === "asked"}>
          {t(how === "sms" ? "tech.send_sms" : "tech.ring")}
        </button>
      </form>
    </>
  );
}
