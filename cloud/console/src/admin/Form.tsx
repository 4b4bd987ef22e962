/** One form of labelled native fields; what is wrong is said beside the field, and once for the whole form. */
import { useId, useState, type FormEvent, type ReactElement, type ReactNode } from "react";

import { ApiError, type Problem } from "../api/client";
import { useTexts, type Key, type Texts } from "../texts/texts";

/** A mistake that the form itself has found, in words. */
export class Refused extends Error {}

export interface Field {
  name: string;
  label: Key;
  kind?: "text" | "date" | "datetime-local" | "area" | "check" | "select";
  options?: readonly (readonly [string, string])[];
  required?: boolean;
  hint?: string;
  wide?: boolean;
}

export type Filled = Readonly<Record<string, string>>;

/** What a refusal says in the language of the moment. */
export function reasonOf(error: unknown, { t, language }: Pick<Texts, "t" | "language">): string {
  if (error instanceof Refused) return error.message;
  if (!(error instanceof ApiError) || error.problem === null) return t("admin.unreachable");
  return language === "zh" ? error.problem.detail_zh : error.problem.detail;
}

interface Wrong {
  whole: string;
  fields: Filled;
}

const NOTHING: Wrong = { whole: "", fields: {} };

function mistakes(problem: Problem | null): [string, string][] {
  const listed: unknown = problem?.["errors"];
  const found: [string, string][] = [];
  for (const item of Array.isArray(listed) ? listed : []) {
    const { field, message } = item as { field: string; message: string };
    found.push([field.replace(/^body\./, "").split(".")[0] ?? "", message]);
  }
  return found;
}

/** The refusal, put beside the fields that it names. */
function wrongOf(error: unknown, texts: Texts, names: ReadonlySet<string>): Wrong {
  const problem = error instanceof ApiError ? error.problem : null;
  const fields: Record<string, string> = {};
  for (const [name, message] of mistakes(problem)) {
    if (names.has(name)) fields[name] = texts.language === "zh" ? texts.t("admin.wrong") : message;
  }
  const named: unknown = problem?.["field"];
  if (typeof named === "string" && names.has(named)) fields[named] = reasonOf(error, texts);
  return { whole: reasonOf(error, texts), fields };
}

interface InputProps {
  field: Field;
  id: string;
  value: string;
  wrong: string | undefined;
}

function Input({ field, id, value, wrong }: InputProps): ReactElement {
  const { t } = useTexts();
  const shared = {
    id,
    name: field.name,
    "aria-invalid": wrong !== undefined,
    "aria-describedby": `${id}-said`,
    autoComplete: "off",
  };
  if (field.kind === "area") return <textarea {...shared} rows={2} defaultValue={value} />;
  if (field.kind === "check") return <input {...shared} type="checkbox" defaultChecked={value === "yes"} value="yes" />;
  if (field.kind !== "select") return <input {...shared} type={field.kind ?? "text"} defaultValue={value} />;
  return (
    <select {...shared} defaultValue={value}>
      {field.required !== true && <option value="">{t("admin.none")}</option>}
      {field.options?.map(([code, word]) => (
        <option key={code} value={code}>
          {word}
        </option>
      ))}
    </select>
  );
}

function Labelled({ field, value, wrong }: Omit<InputProps, "id">): ReactElement {
  const { t } = useTexts();
  const id = useId();
  return (
    <div className={field.wide === true ? "field wide" : "field"} data-kind={field.kind}>
      <label htmlFor={id}>
        {t(field.label)}
        {field.required === true && <span aria-hidden="true"> *</span>}
      </label>
      <Input field={field} id={id} value={value} wrong={wrong} />
      <p id={`${id}-said`} className={wrong === undefined ? "aside" : "wrong"}>
        {wrong ?? field.hint ?? ""}
      </p>
    </div>
  );
}

interface FormProps {
  fields: readonly Field[];
  initial?: Filled;
  action: Key;
  label: string;
  save: (values: Filled) => Promise<unknown>;
  /** Further native fields; what they hold is saved under their names. */
  children?: ReactNode;
}

const BLANK: Filled = {};

export function Form({ fields, initial = BLANK, action, label, save, children }: FormProps): ReactElement {
  const texts = useTexts();
  const [wrong, setWrong] = useState<Wrong>(NOTHING);
  const [state, setState] = useState<"idle" | "busy" | "saved">("idle");
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const known = fields.map(({ name }) => [name, ""] as const);
    const values = Object.fromEntries([...known, ...[...data].map(([name, value]) => [name, String(value).trim()] as const)]);
    const empty = fields.filter(({ name, required }) => required === true && values[name] === "");
    const missing = Object.fromEntries(empty.map(({ name }) => [name, texts.t("admin.required")]));
    setWrong({ whole: "", fields: missing });
    if (empty.length > 0) {
      form.querySelector<HTMLElement>(`[name="${empty[0]?.name ?? ""}"]`)?.focus();
      return;
    }
    setState("busy");
    save(values).then(
      () => setState("saved"),
      (error: unknown) => {
        setState("idle");
        setWrong(wrongOf(error, texts, new Set(fields.map(({ name }) => name))));
      },
    );
  };
  return (
    <form className="sheet" aria-label={label} noValidate onSubmit={submit} onInput={() => setState("idle")}>
      {fields.map((field) => (
        <Labelled key={field.name} field={field} value={initial[field.name] ?? ""} wrong={wrong.fields[field.name]} />
      ))}
      {children}
      <div className="form-foot">
        <button type="submit" className="primary" disabled={state === "busy"}>
          {texts.t(action)}
        </button>
        <span role="status">{state === "saved" && texts.t("admin.saved")}</span>
        <span role="alert" className="wrong">
          {wrong.whole}
        </span>
      </div>
    </form>
  );
}

/** One entry a line: an entry may have commas of its own. */
export function linesOf(text: string | undefined): string[] {
  return (text ?? "").split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

/** "a, b、c" as a list. */
export function listOf(text: string | undefined): string[] {
  return (text ?? "").split(/[,，、;；\n]+/).map((part) => part.trim()).filter((part) => part !== "");
}
