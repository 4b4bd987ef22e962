/** The responder's page: whether one can be asked, what one is asked for, and the next thing to do under the thumb. */
import { useState, type ReactElement } from "react";

import { useSeat } from "../desk/context";
import { useDesk } from "../desk/state";
import { Frame } from "../phone/Frame";
import { usePhoneLine } from "../phone/usePhoneLine";
import { textNow, useTexts } from "../texts/texts";
import { Bar, CallDesk, type Form } from "./Bar";
import { Ended } from "./Ended";
import { Finishing, Refusing } from "./Forms";
import { Job } from "./Job";
import { Eta, Position, WayIn } from "./OnTheWay";
import { firstOf, readAnew, readSnapshot, setAvailable, useDispatches, useMe, type Dispatch } from "./reading";
import "./responder.css";

function Availability({ onFailure }: { onFailure: (words: string) => void }): ReactElement | null {
  const { t } = useTexts();
  const me = useMe();
  if (me.data === undefined) return null;
  if (me.data === null) return <p role="alert">{t("go.not_entered")}</p>;
  const { available } = me.data;
  const turn = (): void => {
    setAvailable(!available).catch(() => onFailure(textNow("phone.not_sent")));
  };
  return (
    <button type="button" role="switch" aria-checked={available} className="phone-button go-switch" onClick={turn}>
      <span className="go-knob" aria-hidden="true" />
      {t(available ? "go.available" : "go.unavailable")}
    </button>
  );
}

interface WorkProps {
  item: Dispatch;
  form: Form;
  onForm: (form: Form) => void;
  onFailure: (words: string) => void;
}

function Work({ item, form, onForm, onFailure }: WorkProps): ReactElement {
  const { t } = useTexts();
  const back = (): void => onForm(null);
  if (form === "refusing" && item.state === "offered") return <Refusing item={item} onBack={back} onFailure={onFailure} />;
  if (form === "finishing" && item.state === "arrived") {
    return <Finishing item={item} onBack={back} onFailure={onFailure} />;
  }
  return (
    <>
      <Job item={item} />
      {item.photos > 0 && <p role="status">{t("go.photos", { count: item.photos })}</p>}
      {item.state === "accepted" && <Eta item={item} onFailure={onFailure} />}
      {(item.state === "accepted" || item.state === "arrived") && <WayIn key={item.id} item={item} onFailure={onFailure} />}
      {item.state === "accepted" && <Position item={item} />}
      {item.state === "arrived" && <CallDesk />}
    </>
  );
}

export function Responder(): ReactElement {
  usePhoneLine(readSnapshot, readAnew);
  const { t } = useTexts();
  const { user } = useSeat();
  const heardMs = useDesk((state) => state.heardMs);
  const list = useDispatches();
  const items = list.data?.items ?? [];
  const [chosen, choose] = useState("");
  const [form, setForm] = useState<Form>(null);
  const [failure, setFailure] = useState("");
  const item = items.find((one) => one.id === chosen) ?? firstOf(items);
  const open = (id: string): void => {
    choose(id);
    setForm(null);
  };
  const foot =
    item === undefined || form !== null ? undefined : <Bar key={item.id} item={item} onForm={setForm} onFailure={setFailure} />;
  return (
    <Frame
      title={user.name}
      name={t("go.title")}
      shownAtMs={heardMs}
      failed={list.isError}
      foot={foot}
    >
      {failure !== "" && (
        <p className="go-failure" role="alert">
          {failure}
        </p>
      )}
      {items.length > 1 && (
        <nav className="go-minutes" aria-label={t("go.title")}>
          {items.map((one) => (
            <button key={one.id} type="button" className="phone-button" aria-current={one.id === item?.id} onClick={() => open(one.id)}>
              {one.resident_name ?? one.case_number}
            </button>
          ))}
        </nav>
      )}
      {item === undefined ? (
        <>
          <section data-section="none">
            <p>
              <b>{t(list.data === undefined ? "app.loading" : "go.none")}</b>
            </p>
            <p className="quiet-note">{t("go.none_note")}</p>
          </section>
          <Ended />
        </>
      ) : (
        <Work item={item} form={form} onForm={setForm} onFailure={setFailure} />
      )}
      {form === null && <Availability onFailure={setFailure} />}
    </Frame>
  );
}
