import type { ReactElement } from "react";

import type { ImportReport } from "../api/client";
import { useTexts } from "../texts/texts";

export type Choice = "merge" | "new" | "skip";
/** Choices by row number; a row without one is skipped. */
export type Chosen = Readonly<Record<number, Choice>>;
type Duplicate = ImportReport["duplicates"][number];

const WORDS = { merge: "import.merge", new: "import.as_new", skip: "import.skip" } as const;

function Known({ one }: { one: Duplicate }): ReactElement {
  const { t } = useTexts();
  if (one.earlier_row !== null) return <>{t("import.earlier", { row: one.earlier_row })}</>;
  if (one.known === null) return <>{t("import.hidden")}</>;
  return <>{[one.known.name, one.known.birth_date, one.known.place].filter(Boolean).join(" · ")}</>;
}

interface DuplicatesProps {
  report: ImportReport;
  chosen: Chosen;
  choose: (chosen: Chosen) => void;
}

/** Rows that may be somebody who is known: for each one the admin decides. */
export function Duplicates({ report, chosen, choose }: DuplicatesProps): ReactElement | null {
  const { t } = useTexts();
  if (report.duplicates.length === 0) return null;
  const all = (choice: Choice): void =>
    choose(Object.fromEntries(report.duplicates.map((one) => [one.row, one.options.includes(choice) ? choice : "skip"])));
  return (
    <section>
      <h3>{t("import.duplicates")}</h3>
      <p className="filters">
        {t("import.all_duplicates")}
        {(["merge", "skip"] as const).map((choice) => (
          <button key={choice} type="button" className="plain" onClick={() => all(choice)}>{t(WORDS[choice])}</button>
        ))}
      </p>
      <table className="register" aria-label={t("import.duplicates")}>
        <thead>
          <tr>
            {(["import.row", "admin.name", "import.problem", "import.known", "import.choose"] as const).map((label) => (
              <th key={label} scope="col">{t(label)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {report.duplicates.map((one) => (
            <tr key={one.row}>
              <td>{one.row}</td>
              <td>{one.name}</td>
              <td>{t(`import.why_${one.why}`)}</td>
              <td><Known one={one} /></td>
              <td>
                <select aria-label={t("import.choose_of", { row: one.row })} value={chosen[one.row] ?? "skip"} onChange={(event) => choose({ ...chosen, [one.row]: event.target.value as Choice })}>
                  {one.options.map((choice) => (
                    <option key={choice} value={choice}>{t(WORDS[choice])}</option>
                  ))}
                </select>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
