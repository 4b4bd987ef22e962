import { useState, type FormEvent, type ReactElement } from "react";

import { useAreas } from "../api/areas";
import { answered, api, type ImportReport } from "../api/client";
import { useTexts, type Key } from "../texts/texts";
import { reasonOf } from "./Form";
import { Duplicates, type Chosen, type Choice } from "./Duplicates";
import { readAgain, useOrgs } from "./places";
import { ranges } from "./ranges";

const TIME_LIMIT_MS = 120_000;

/** The file's bytes, read once: what was checked is what is imported. They may take longer than other requests. */
const sent = (file: Blob) => ({
  body: file as unknown as string,
  bodySerializer: (body: unknown) => body as BodyInit,
  headers: { "Content-Type": "application/octet-stream" },
  fetch: (request: Request) => fetch(request, { signal: AbortSignal.timeout(TIME_LIMIT_MS) }),
});

interface Place {
  area: string;
  org: string;
}

const check = (file: Blob, place: Place) => answered(api.POST("/api/v1/import/dry-run", { params: { query: place }, ...sent(file) }));

function bring(file: Blob, place: Place, report: ImportReport, chosen: Chosen, leaveOut: boolean) {
  const of = (choice: Choice): string => ranges(report.duplicates.filter(({ row }) => chosen[row] === choice).map(({ row }) => row));
  const query = { ...place, digest: report.digest, merge: of("merge"), new: of("new"), leave_out_bad: leaveOut };
  return answered(api.POST("/api/v1/import", { params: { query }, ...sent(file) }));
}

type Done = Awaited<ReturnType<typeof bring>>;

const COUNTS = ["new", "unchanged", "bad", "examples"] as const;

function Summary({ report }: { report: ImportReport }): ReactElement {
  const { t } = useTexts();
  const unused = report.columns.filter(({ field }) => field === null).map(({ heading }) => heading);
  const { kind, encoding, sheet, heading_row: row } = report;
  const file = [kind.toUpperCase(), encoding, sheet && t("import.sheet", { sheet })].filter(Boolean).join(" ");
  return (
    <>
      <p>{t("import.read_as", { file, row })}</p>
      {report.left_out_sheets.length > 0 && <p>{t("import.left_out_sheets", { names: report.left_out_sheets.join(t("and")) })}</p>}
      {unused.length > 0 && <p>{t("import.unused", { names: unused.join(t("and")) })}</p>}
      <dl className="import-counts">
        {COUNTS.map((name) => (
          <div key={name}>
            <dt>{t(`import.${name}`)}</dt>
            <dd>{report[name]}</dd>
          </div>
        ))}
        <div>
          <dt>{t("import.duplicates")}</dt>
          <dd>{report.duplicates.length}</dd>
        </div>
      </dl>
    </>
  );
}

function Problems({ report }: { report: ImportReport }): ReactElement | null {
  const { t, language } = useTexts();
  if (report.problems.length === 0) return null;
  return (
    <section>
      <h3>{t("import.bad")}</h3>
      <table className="register" aria-label={t("import.bad")}>
        <thead>
          <tr>
            {(["import.row", "import.column", "import.problem"] as const satisfies readonly Key[]).map((label) => (
              <th key={label} scope="col">{t(label)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {report.problems.map((one) => (
            <tr key={`${one.row}/${one.column}/${one.zh}`}>
              <td>{one.row}</td>
              <td>{one.column} {one.heading}</td>
              <td>{language === "zh" ? one.zh : one.en}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {report.problem_count > report.problems.length && <p>{t("import.more", { shown: report.problems.length, count: report.problem_count })}</p>}
    </section>
  );
}

interface FileFormProps {
  busy: boolean;
  onCheck: (file: Blob, place: Place) => void;
  onOther: () => void;
  onChanged: () => void;
}

function FileForm({ busy, onCheck, onOther, onChanged }: FileFormProps): ReactElement {
  const { t } = useTexts();
  const areas = useAreas();
  const orgs = useOrgs();
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const input = event.currentTarget.elements.namedItem("file") as HTMLInputElement;
    const file = input.files?.[0];
    const place = { area: String(data.get("area") ?? ""), org: String(data.get("org") ?? "") };
    // A file that was saved anew after it was chosen can no longer be read: the browser wants it chosen again.
    file?.arrayBuffer().then(
      (bytes) => onCheck(new Blob([bytes]), place),
      () => {
        input.value = "";
        input.focus();
        onChanged();
      },
    );
  };
  const lists = [["area", "import.area_default", areas], ["org", "import.org_default", orgs]] as const;
  return (
    <form className="sheet" aria-label={t("admin.import")} onSubmit={submit} onChange={onOther}>
      <div className="field wide">
        <label htmlFor="import-file">{t("import.file")}</label>
        <input id="import-file" type="file" name="file" accept=".xlsx,.csv,.txt" />
      </div>
      {lists.map(([name, label, options]) => (
        <div key={name} className="field">
          <label htmlFor={`import-${name}`}>{t(label)}</label>
          <select id={`import-${name}`} name={name} defaultValue="">
            <option value="">{t("admin.none")}</option>
            {options.map(([code, word]) => (
              <option key={code} value={code}>{word}</option>
            ))}
          </select>
        </div>
      ))}
      <div className="form-foot">
        <button type="submit" className="primary" disabled={busy}>{t(busy ? "import.checking" : "import.check")}</button>
        <a href="/api/v1/import/template.xlsx" download>{t("import.template")}</a>
      </div>
    </form>
  );
}

interface Looked {
  file: Blob;
  place: Place;
  report: ImportReport;
}

function useImport() {
  const texts = useTexts();
  const [looked, setLooked] = useState<Looked | null>(null);
  const [done, setDone] = useState<Done | null>(null);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  const after = async <T,>(work: Promise<T>, then: (made: T) => void): Promise<void> => {
    setBusy(true);
    setWrong("");
    try {
      then(await work);
    } catch (error) {
      setWrong(reasonOf(error, texts));
    }
    setBusy(false);
  };
  const forget = (): void => {
    setLooked(null);
    setDone(null);
    setWrong("");
  };
  const look = (file: Blob, place: Place): void => {
    forget();
    void after(check(file, place), (report) => setLooked({ file, place, report }));
  };
  const run = (chosen: Chosen, leaveOut: boolean): void => {
    if (looked === null) return;
    void after(bring(looked.file, looked.place, looked.report, chosen, leaveOut), (made) => {
      setLooked(null);
      setDone(made);
      void readAgain();
    });
  };
  const chooseAgain = (): void => {
    forget();
    setWrong(texts.t("import.choose_again"));
  };
  return { looked, done, busy, wrong, look, run, forget, chooseAgain };
}

/** Check a file, see what it would do, choose, and only then take it over. */
export function Import(): ReactElement {
  const { t } = useTexts();
  const { looked, done, busy, wrong, look, run, forget, chooseAgain } = useImport();
  return (
    <>
      <h2>{t("admin.import")}</h2>
      <p>{t("import.steps")}</p>
      <FileForm busy={busy} onCheck={look} onOther={forget} onChanged={chooseAgain} />
      <p role="alert" className="wrong">{wrong}</p>
      {looked !== null && <Looked key={looked.report.digest} report={looked.report} busy={busy} run={run} />}
      {done !== null && (
        <p role="status" className="once">
          {t("import.done", { created: done.created, merged: done.merged, unchanged: done.unchanged, skipped: done.skipped, left: done.left_out, homes: done.homes })}
        </p>
      )}
    </>
  );
}

interface LookedProps {
  report: ImportReport;
  busy: boolean;
  run: (chosen: Chosen, leaveOut: boolean) => void;
}

function Looked({ report, busy, run }: LookedProps): ReactElement {
  const { t } = useTexts();
  const [chosen, setChosen] = useState<Chosen>({});
  const [leaveOut, setLeaveOut] = useState(false);
  const taken = report.duplicates.filter(({ row }) => chosen[row] !== undefined && chosen[row] !== "skip").length;
  const count = report.new + taken;
  return (
    <>
      <Summary report={report} />
      <Problems report={report} />
      <Duplicates report={report} chosen={chosen} choose={setChosen} />
      {report.bad > 0 && (
        <label className="check">
          <input type="checkbox" checked={leaveOut} onChange={(event) => setLeaveOut(event.target.checked)} />
          {t("import.leave_out", { count: report.bad })}
        </label>
      )}
      <p>
        <button type="button" className="primary big" disabled={busy || count === 0 || (report.bad > 0 && !leaveOut)} onClick={() => run(chosen, leaveOut)}>
          {busy ? t("import.running") : t("import.run", { count })}
        </button>
      </p>
    </>
  );
}
