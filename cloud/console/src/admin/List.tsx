/** A paged list: filters above, one native table, one page at a time. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState, type ReactElement, type ReactNode } from "react";

import { useTexts, type Key } from "../texts/texts";
import { reasonOf } from "./Form";

export interface Column<Row> {
  label: Key;
  show: (row: Row) => ReactNode;
}

interface TableProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
}

export function Table<Row>({ label, columns, rows, keyOf }: TableProps<Row>): ReactElement {
  const { t } = useTexts();
  return (
    <table className="register" aria-label={label}>
      <thead>
        <tr>
          {columns.map(({ label: heading }) => (
            <th key={heading} scope="col">
              {t(heading)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            {columns.map(({ label: heading, show }) => (
              <td key={heading}>{show(row)}</td>
            ))}
          </tr>
        ))}
        {rows.length === 0 && (
          <tr>
            <td colSpan={columns.length}>{t("admin.nothing")}</td>
          </tr>
        )}
      </tbody>
    </table>
  );
}

export const PAGE = 50;

interface ListProps<Row> {
  name: string;
  label: string;
  /** The filters as a key: another one begins at the first page. */
  filter: string;
  columns: readonly Column<Row>[];
  keyOf: (row: Row) => string;
  read: (after: string | undefined) => Promise<Row[]>;
}

export function List<Row>({ name, label, filter, columns, keyOf, read }: ListProps<Row>): ReactElement {
  const texts = useTexts();
  const [place, setPlace] = useState<{ filter: string; after: string | undefined }>({ filter, after: undefined });
  const after = place.filter === filter ? place.after : undefined;
  const found = useQuery({ queryKey: ["admin", name, filter, after], queryFn: () => read(after), placeholderData: keepPreviousData });
  const rows = found.data ?? [];
  const last = rows.at(-1);
  const { t } = texts;
  if (found.isError) return <p role="alert">{reasonOf(found.error, texts)}</p>;
  if (found.data === undefined) return <p role="status">{t("admin.loading")}</p>;
  return (
    <>
      <Table label={label} columns={columns} rows={rows} keyOf={keyOf} />
      <div className="pages">
        <span>{t("admin.rows", { count: rows.length })}</span>
        {after !== undefined && (
          <button type="button" className="plain" onClick={() => setPlace({ filter, after: undefined })}>
            {t("admin.first")}
          </button>
        )}
        {rows.length === PAGE && last !== undefined && (
          <button type="button" className="plain" onClick={() => setPlace({ filter, after: keyOf(last) })}>
            {t("admin.next")}
          </button>
        )}
      </div>
    </>
  );
}
