import { useState, type ReactElement } from "react";
import { Link } from "react-router";

import { AreaName, useAreas } from "../api/areas";
import { answered, api } from "../api/client";
import { useTexts, type Key } from "../texts/texts";
import { useFinder } from "./Finder";
import { List, PAGE, type Column } from "./List";

export const STATES = ["active", "hospital", "away", "suspended", "moved", "deceased"] as const;
export type StateName = (typeof STATES)[number];

interface Query {
  area: string;
  state: string;
  bedless: boolean;
}

async function read({ area, state, bedless }: Query, text: string, after: string | undefined) {
  const query = {
    area,
    without_bed: bedless,
    text,
    limit: PAGE,
    ...(state === "" ? {} : { state: state as StateName }),
    ...(after === undefined ? {} : { after }),
  };
  return (await answered(api.GET("/api/v1/register", { params: { query } }))).items;
}

type Row = Awaited<ReturnType<typeof read>>[number];

function useColumns(): readonly Column<Row>[] {
  const { t } = useTexts();
  return [
    { label: "admin.name", show: (row) => <Link to={`/admin/residents/${row.id}`}>{row.name}</Link> },
    { label: "admin.sex", show: (row) => t(`admin.${row.sex}` as Key) },
    { label: "admin.age", show: (row) => row.age ?? t("admin.none") },
    { label: "admin.state", show: (row) => (row.state === null ? t("admin.none") : t(`admin.state_${row.state}` as Key)) },
    { label: "admin.place", show: (row) => row.place || t("admin.none") },
    { label: "admin.bed", show: (row) => (row.home_id === null ? t("admin.no_bed") : row.bed || t("admin.none")) },
    { label: "admin.area", show: (row) => <AreaName code={row.area_code} /> },
    { label: "admin.contacts", show: (row) => row.contacts },
    { label: "admin.id_number", show: (row) => t(row.has_id_number ? "admin.id_there" : "admin.id_none") },
  ];
}

/** The register of residents. */
export function Residents(): ReactElement {
  const { t } = useTexts();
  const areas = useAreas();
  const [query, setQuery] = useState<Query>({ area: "", state: "", bedless: false });
  const [finder, text] = useFinder("admin.find_people");
  return (
    <>
      <h2>{t("admin.residents")}</h2>
      <div className="filters">
        {finder}
        <select aria-label={t("admin.area")} value={query.area} onChange={(event) => setQuery({ ...query, area: event.target.value })}>
          <option value="">{t("admin.area")}: {t("admin.all")}</option>
          {areas.map(([code, name]) => (
            <option key={code} value={code}>{name}</option>
          ))}
        </select>
        <select aria-label={t("admin.state")} value={query.state} onChange={(event) => setQuery({ ...query, state: event.target.value })}>
          <option value="">{t("admin.state")}: {t("admin.all")}</option>
          {STATES.map((state) => (
            <option key={state} value={state}>{t(`admin.state_${state}`)}</option>
          ))}
        </select>
        <label className="check">
          <input type="checkbox" checked={query.bedless} onChange={(event) => setQuery({ ...query, bedless: event.target.checked })} />
          {t("admin.only_without_bed")}
        </label>
        <Link className="button" to="/admin/residents/new">{t("admin.new")}</Link>
      </div>
      <List
        name="residents"
        label={t("admin.residents")}
        filter={JSON.stringify([query, text])}
        columns={useColumns()}
        keyOf={(row) => row.id}
        read={(after) => read(query, text, after)}
      />
    </>
  );
}
