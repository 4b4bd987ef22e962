import { useState, type FormEvent, type ReactElement } from "react";

import { useTexts } from "../texts/texts";
import { reasonOf } from "./Form";
import { readAgain } from "./places";

interface RenameProps {
  name: string;
  save: (name: string) => Promise<unknown>;
}

/** A name in a table, and a small form in its place to put it right. */
export function Rename({ name, save }: RenameProps): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const [open, setOpen] = useState(false);
  const [wrong, setWrong] = useState("");
  if (!open) {
    return (
      <span className="rename">
        {name || t("admin.none")}{" "}
        <button type="button" className="plain" aria-label={t("admin.rename_of", { name })} onClick={() => setOpen(true)}>
          {t("admin.rename")}
        </button>
      </span>
    );
  }
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const given = String(new FormData(event.currentTarget).get("name") ?? "").trim();
    setWrong("");
    save(given).then(
      () => readAgain().then(() => setOpen(false)),
      (error: unknown) => setWrong(reasonOf(error, texts)),
    );
  };
  return (
    <form className="rename" onSubmit={submit}>
      <input name="name" aria-label={t("admin.rename_of", { name })} defaultValue={name} autoFocus autoComplete="off" />
      <button type="submit" className="primary">{t("admin.save")}</button>
      <button type="button" className="plain" onClick={() => setOpen(false)}>{t("admin.cancel")}</button>
      <span role="alert" className="wrong">{wrong}</span>
    </form>
  );
}
