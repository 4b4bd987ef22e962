import { useQuery } from "@tanstack/react-query";
import { useState, type ReactElement } from "react";

import { AreaName, useAreas } from "../api/areas";
import { answered, api } from "../api/client";
import { useTexts } from "../texts/texts";
import { Form, type Field, type Filled } from "./Form";
import { List, PAGE, Table, type Column } from "./List";
import { readAgain } from "./places";
import { Rename } from "./Rename";

async function readAreas(after: string | undefined) {
  const query = { limit: PAGE, ...(after === undefined ? {} : { after }) };
  return (await answered(api.GET("/api/v1/areas", { params: { query } }))).items;
}

async function readOrgs(after: string | undefined) {
  const query = { limit: PAGE, ...(after === undefined ? {} : { after }) };
  return (await answered(api.GET("/api/v1/orgs", { params: { query } }))).items;
}

const readZones = async () => (await answered(api.GET("/api/v1/zones"))).items;
type Area = Awaited<ReturnType<typeof readAreas>>[number];
type Org = Awaited<ReturnType<typeof readOrgs>>[number];
type Zone = Awaited<ReturnType<typeof readZones>>[number];

const AREA: readonly Field[] = [
  { name: "code", label: "admin.code", required: true },
  { name: "name", label: "admin.label", required: true },
];
const ORG: readonly Field[] = [{ name: "name", label: "admin.label", required: true }];

const renameArea = ({ code, revision }: Area, name: string) =>
  answered(api.PUT("/api/v1/areas/{code}", { params: { path: { code } }, body: { name, revision } }));
const renameOrg = ({ id, revision }: Org, name: string) =>
  answered(api.PUT("/api/v1/orgs/{org_id}", { params: { path: { org_id: id } }, body: { name, revision } }));

const AREAS: readonly Column<Area>[] = [
  { label: "admin.code", show: (row) => row.code },
  { label: "admin.label", show: (row) => <Rename name={row.name} save={(name) => renameArea(row, name)} /> },
  { label: "admin.parent", show: (row) => (row.parent_code === null ? "—" : <AreaName code={row.parent_code} />) },
  { label: "admin.home_count", show: (row) => row.homes },
];
const ORGS: readonly Column<Org>[] = [
  { label: "admin.label", show: (row) => <Rename name={row.name} save={(name) => renameOrg(row, name)} /> },
  { label: "admin.home_count", show: (row) => row.homes },
];
/** A new zone, or one that is put right. */
async function saveZone(values: Filled, before: Zone | null): Promise<void> {
  const number = (name: string): number | null => (values[name] === "" ? null : Number(values[name]));
  const plain = { name: values["name"] ?? "", area_code: values["area_code"] ?? "", lat: number("lat"), lon: number("lon") };
  const body = { ...plain, org_id: before?.org_id ?? null, promise_s: (number("promise") ?? 0) * 60 };
  if (before === null) await answered(api.POST("/api/v1/zones", { body }));
  else await answered(api.PUT("/api/v1/zones/{zone_id}", { params: { path: { zone_id: before.id } }, body: { ...body, revision: before.revision } }));
  await readAgain();
}

const filledWith = (zone: Zone | null): Filled =>
  zone === null
    ? { promise: "30" }
    : { name: zone.name, area_code: zone.area_code, lat: String(zone.lat ?? ""), lon: String(zone.lon ?? ""), promise: String(zone.promise_s / 60) };

const addArea = async ({ code = "", name = "" }: Filled): Promise<void> => {
  await answered(api.POST("/api/v1/areas", { body: { code, name } }));
  await readAgain();
};

const addOrg = async ({ name = "" }: Filled): Promise<void> => {
  await answered(api.POST("/api/v1/orgs", { body: { name } }));
  await readAgain();
};

interface ChooseProps {
  zone: Zone;
  chosen: boolean;
  choose: (id: string) => void;
}

function Choose({ zone, chosen, choose }: ChooseProps): ReactElement {
  const { t } = useTexts();
  return (
    <button type="button" className="plain" aria-pressed={chosen} onClick={() => choose(chosen ? "" : zone.id)}>
      {t("admin.change_of", { name: zone.name })}
    </button>
  );
}

const zoneColumns = (chosen: string, choose: (id: string) => void): readonly Column<Zone>[] => [
  { label: "admin.label", show: (row) => row.name },
  { label: "admin.area", show: (row) => <AreaName code={row.area_code} /> },
  { label: "admin.promise", show: (row) => Math.round(row.promise_s / 60) },
  { label: "admin.change", show: (row) => <Choose zone={row} chosen={row.id === chosen} choose={choose} /> },
];

function Zones(): ReactElement {
  const { t } = useTexts();
  const areas = useAreas();
  const found = useQuery({ queryKey: ["admin", "zones"], queryFn: readZones });
  const [chosen, setChosen] = useState("");
  const zone = found.data?.find(({ id }) => id === chosen) ?? null;
  const columns = zoneColumns(chosen, setChosen);
  const fields: readonly Field[] = [
    { name: "name", label: "admin.label", required: true },
    { name: "area_code", label: "admin.area", kind: "select", options: areas, required: true },
    { name: "lat", label: "admin.zone_lat" },
    { name: "lon", label: "admin.zone_lon" },
    { name: "promise", label: "admin.promise", required: true },
  ];
  return (
    <section>
      <h3>{t("admin.zones")}</h3>
      <Table label={t("admin.zones")} columns={columns} rows={found.data ?? []} keyOf={(row) => row.id} />
      <Form
        key={zone === null ? "new" : `${zone.id}/${zone.revision}`}
        label={zone === null ? t("admin.zones") : t("admin.change_of", { name: zone.name })}
        fields={fields}
        initial={filledWith(zone)}
        action={zone === null ? "admin.add" : "admin.save"}
        save={(values) => saveZone(values, zone)}
      />
    </section>
  );
}

/** Areas, organisations and the zones of responders. */
export function Areas(): ReactElement {
  const { t } = useTexts();
  return (
    <>
      <h2>{t("admin.areas")}</h2>
      <section>
        <h3>{t("admin.area_list")}</h3>
        <List name="areas" label={t("admin.area_list")} filter="" columns={AREAS} keyOf={(row) => row.code} read={readAreas} />
        <Form label={t("admin.area_list")} fields={AREA} action="admin.add" save={addArea} />
      </section>
      <section>
        <h3>{t("admin.orgs")}</h3>
        <List name="orgs" label={t("admin.orgs")} filter="" columns={ORGS} keyOf={(row) => row.id} read={readOrgs} />
        <Form label={t("admin.orgs")} fields={ORG} action="admin.add" save={addOrg} />
      </section>
      <Zones />
    </>
  );
}
