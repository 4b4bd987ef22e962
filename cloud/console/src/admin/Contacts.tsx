import { useState, type ReactElement } from "react";

import { answered, api, type ResidentDetail } from "../api/client";
import { useTexts } from "../texts/texts";
import { reasonOf } from "./Form";
import { readAgain } from "./places";

type Contact = ResidentDetail["contacts"][number];
const EMPTY: Contact = { name: "", relation: "", phone: "", has_key: false, distance_note: "" };
const WORDS = ["name", "relation", "phone", "distance_note"] as const;
const LABELS = { name: "admin.name", relation: "admin.relation", phone: "admin.phone", distance_note: "admin.distance" } as const;

interface RowProps {
  contact: Contact;
  place: number;
  count: number;
  change: (contact: Contact) => void;
  move: (to: number) => void;
  remove: () => void;
}

function Row({ contact, place, count, change, move, remove }: RowProps): ReactElement {
  const { t } = useTexts();
  const name = contact.name || String(place + 1);
  return (
    <tr>
      <td>{place + 1}</td>
      {WORDS.map((word) => (
        <td key={word}>
          <input
            aria-label={`${t(LABELS[word])} ${place + 1}`}
            aria-invalid={(word === "name" || word === "phone") && contact[word] === ""}
            value={contact[word]}
            onChange={(event) => change({ ...contact, [word]: event.target.value })}
          />
        </td>
      ))}
      <td>
        <input type="checkbox" aria-label={`${t("admin.has_key")} ${place + 1}`} checked={contact.has_key} onChange={(event) => change({ ...contact, has_key: event.target.checked })} />
      </td>
      <td className="row-buttons">
        <button type="button" className="plain" aria-label={t("admin.up", { name })} disabled={place === 0} onClick={() => move(place - 1)}>↑</button>
        <button type="button" className="plain" aria-label={t("admin.down", { name })} disabled={place === count - 1} onClick={() => move(place + 1)}>↓</button>
        <button type="button" className="plain" aria-label={t("admin.remove", { name })} onClick={remove}>×</button>
      </td>
    </tr>
  );
}

/** Whom to call, in order: edited as a whole and saved as a whole. */
export function Contacts({ resident }: { resident: ResidentDetail }): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const [rows, setRows] = useState<readonly { key: number; contact: Contact }[]>(() => resident.contacts.map((contact, key) => ({ key, contact })));
  const [wrong, setWrong] = useState("");
  const save = (): void => {
    const contacts = rows.map(({ contact }) => contact);
    const params = { path: { resident_id: resident.id } };
    setWrong("");
    answered(api.PUT("/api/v1/residents/{resident_id}/contacts", { params, body: { revision: resident.revision, contacts } })).then(
      readAgain,
      (error: unknown) => setWrong(reasonOf(error, texts)),
    );
  };
  const change = (place: number, contact: Contact): void => setRows(rows.map((row, at) => (at === place ? { ...row, contact } : row)));
  const move = (from: number, to: number): void => {
    const rest = rows.filter((_, at) => at !== from);
    const moved = rows[from];
    if (moved !== undefined) setRows([...rest.slice(0, to), moved, ...rest.slice(to)]);
  };
  return (
    <section className="contacts-edited">
      <table className="register" aria-label={t("admin.contacts_title")}>
        <thead>
          <tr>
            <th scope="col">#</th>
            {WORDS.map((word) => (
              <th key={word} scope="col">{t(LABELS[word])}</th>
            ))}
            <th scope="col">{t("admin.has_key")}</th>
            <th scope="col"><span className="unseen">{t("admin.order")}</span></th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, contact }, place) => (
            <Row key={key} contact={contact} place={place} count={rows.length} change={(next) => change(place, next)} move={(to) => move(place, to)} remove={() => setRows(rows.filter((row) => row.key !== key))} />
          ))}
        </tbody>
      </table>
      <div className="form-foot">
        <button type="button" className="plain" onClick={() => setRows([...rows, { key: Math.max(-1, ...rows.map((row) => row.key)) + 1, contact: EMPTY }])}>
          {t("admin.add_contact")}
        </button>
        <button type="button" className="primary" onClick={save}>{t("admin.save")}</button>
        <span role="alert" className="wrong">{wrong}</span>
      </div>
    </section>
  );
}
