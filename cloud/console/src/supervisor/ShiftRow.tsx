import type { ReactElement } from "react";

import { useTexts } from "../texts/texts";
import { DAY_KINDS, WEEKDAYS, type DayKind, type Person, type ShiftDraft } from "./duty";
import { Field } from "./reading";

interface StaffProps {
  shift: ShiftDraft;
  staff: readonly Person[];
  change: (shift: ShiftDraft) => void;
}

function Staff({ shift, staff, change }: StaffProps): ReactElement {
  const { t } = useTexts();
  const names = new Map(staff.map((person) => [person.id, person.name]));
  const others = staff.filter((person) => !shift.staff.includes(person.id));
  return (
    <span className="ticks">
      {shift.staff.map((id) => {
        const name = names.get(id) ?? t("duty.unknown");
        return (
          <button
            key={id}
            type="button"
            className="plain"
            aria-label={t("duty.drop", { name })}
            onClick={() => change({ ...shift, staff: shift.staff.filter((one) => one !== id) })}
          >
            {name} ✕
          </button>
        );
      })}
      <select
        value=""
        aria-label={`${t("duty.staff")} ${t("duty.add_person")}`}
        onChange={(event) => change({ ...shift, staff: [...shift.staff, event.target.value] })}
      >
        <option value="">{t("duty.add_person")}</option>
        {others.map((person) => (
          <option key={person.id} value={person.id}>
            {person.name}
          </option>
        ))}
      </select>
    </span>
  );
}

function Weekdays({ shift, change }: Omit<StaffProps, "staff">): ReactElement {
  const { t } = useTexts();
  const toggle = (day: number): void => {
    const has = shift.weekdays.includes(day);
    change({ ...shift, weekdays: WEEKDAYS.filter((one) => (one === day ? !has : shift.weekdays.includes(one))) });
  };
  return (
    <span className="ticks" role="group" aria-label={t("duty.weekdays")}>
      {WEEKDAYS.map((day) => (
        <label key={day} className="tick">
          <input type="checkbox" checked={shift.weekdays.includes(day)} onChange={() => toggle(day)} />
          {t(`weekday.${day}`)}
        </label>
      ))}
    </span>
  );
}

interface RowProps {
  shift: ShiftDraft;
  n: number;
  staff: readonly Person[];
  wrong: (field: string) => string | undefined;
  change: (shift: ShiftDraft | null) => void;
}

/** One shift: hours, days, people. */
export function ShiftRow({ shift, n, staff, wrong, change }: RowProps): ReactElement {
  const { t } = useTexts();
  const input = (field: "starts" | "ends" | "first" | "last", type: "text" | "date", mistake?: string) => (
    <Field label={t(`duty.${field}`)} mistake={mistake}>
      <input
        type={type}
        className="medium"
        placeholder={type === "text" ? "20:00" : undefined}
        value={shift[field]} onChange={(event) => change({ ...shift, [field]: event.target.value })} />
    </Field>
  );
  const weekdays = wrong(`weekdays:${shift.key}`);
  const people = wrong(`staff:${shift.key}`);
  return (
    <fieldset className="shift">
      <legend>{t("duty.shift", { n })}</legend>
      <div className="fields">
        {input("starts", "text", wrong(`hours:${shift.key}`))}
        {input("ends", "text")}
        <Field label={t("duty.day_kind")}>
          <select
            value={shift.day_kind}
            onChange={(event) => change({ ...shift, day_kind: event.target.value as DayKind })}
          >
            {DAY_KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {t(`duty.kind.${kind}`)}
              </option>
            ))}
          </select>
        </Field>
        {input("first", "date")}
        {input("last", "date", wrong(`days:${shift.key}`))}
      </div>
      <div className="shift-line">
        <Weekdays shift={shift} change={change} />
        {weekdays !== undefined && <span className="mistake">{weekdays}</span>}
      </div>
      <div className="shift-line">
        <span className="label">{t("duty.staff")}</span>
        <Staff shift={shift} staff={staff} change={change} />
        {people !== undefined && <span className="mistake">{people}</span>}
        <button type="button" className="plain shift-remove" onClick={() => change(null)}>
          {t("chief.remove")}
          <span className="unseen"> {t("duty.shift", { n })}</span>
        </button>
      </div>
    </fieldset>
  );
}
