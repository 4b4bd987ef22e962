/** The bar under the thumb: what can be done next, and nothing else. */
import { useState, type ChangeEvent, type ReactElement } from "react";

import { useSeat } from "../desk/context";
import { redrawn } from "../phone/picture";
import { useTexts } from "../texts/texts";
import { accept, arrive, sendPhoto, type Dispatch } from "./reading";

export type Form = "refusing" | "finishing" | null;

interface Props {
  item: Dispatch;
  onForm: (form: Form) => void;
  onFailure: (words: string) => void;
}

function PhotoButton({ item, onFailure }: Omit<Props, "onForm">): ReactElement {
  const { t } = useTexts();
  const [busy, setBusy] = useState(false);
  const take = (event: ChangeEvent<HTMLInputElement>): void => {
    const [file] = event.target.files ?? [];
    event.target.value = "";
    if (file === undefined) return;
    setBusy(true);
    redrawn(file)
      .then(
        (picture) => sendPhoto(item.id, picture),
        () => t("go.photo_bad"),
      )
      .then(onFailure)
      .finally(() => setBusy(false));
  };
  return (
    <label className="phone-button go-photo">
      {t(busy ? "go.photo_busy" : "go.photo")}
      <input type="file" accept="image/*" capture="environment" disabled={busy} onChange={take} />
    </label>
  );
}

export function CallDesk(): ReactElement {
  const { t } = useTexts();
  const phone = useSeat().config.desk_phone;
  return (
    <a className="phone-button" href={`tel:${phone}`}>
      {t("phone.call_desk", { phone })}
    </a>
  );
}

export function Bar({ item, onForm, onFailure }: Props): ReactElement {
  const { t } = useTexts();
  const [busy, setBusy] = useState(false);
  const act = (deed: Promise<string>): void => {
    setBusy(true);
    void deed.then(onFailure).finally(() => setBusy(false));
  };
  switch (item.state) {
    case "offered":
    case "no_answer":
      return (
        <footer className="phone-foot">
          {item.state === "offered" ? (
            <button type="button" className="phone-button" disabled={busy} onClick={() => onForm("refusing")}>
              {t("go.refuse")}
            </button>
          ) : (
            <CallDesk />
          )}
          <button type="button" className="phone-button primary" disabled={busy} onClick={() => act(accept(item.id))}>
            {t("go.accept")}
          </button>
        </footer>
      );
    case "accepted":
      return (
        <footer className="phone-foot">
          <CallDesk />
          <button type="button" className="phone-button primary" disabled={busy} onClick={() => act(arrive(item.id))}>
            {t("go.arrive")}
          </button>
        </footer>
      );
    default:
      return (
        <footer className="phone-foot">
          <PhotoButton item={item} onFailure={onFailure} />
          <button type="button" className="phone-button primary" onClick={() => onForm("finishing")}>
            {t("go.finish")}
          </button>
        </footer>
      );
  }
}
