import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";

import { answered, api } from "../api/client";
import { useTexts } from "../texts/texts";
import { Form, type Field, type Filled } from "./Form";
import { List, PAGE, Table, type Column } from "./List";
import { readAgain, useAreas } from "./places";

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

const AREAS: readonly Column<Area>[] = [
  { label: "admin.code", show: (row) => row.code },
  { label: "admin.label", show: (row) => row.name },
  { label: "admin.parent", show: (row) => row.parent_code ?? "—" },
  { label: "admin.home_count", show: (row) => row.homes },
];
const ORGS: readonly Column<Org>[] = [
  { label: "admin.label", show: (row) => row.name },
  { label: "admin.home_count", show: (row) => row.homes },
];
const ZONES: readonly Column<Zone>[] = [
  { label: "admin.label", show: (row) => row.name },
  { label: "admin.area", show: (row) => row.area_code || "—" },
  { label: "admin.promise", show: (row) => Math.round(row.promise_s / 60) },
];

const addZone = async (values: Filled): Promise<void> => {
  const number = (name: string): number => Number(values[name]);
  const body = { name: values["name"] ?? "", area_code: values["area_code"] ?? "", lat: number("lat"), lon: number("lon"), promise_s: number("promise") * 60 };
  await answered(api.POST("/api/v1/zones", { body }));
  await readAgain();
};

const addArea = async ({ code = "", name = "" }: Filled): Promise<void> => {
  await answered(api.POST("/api/v1/areas", { body: { code, name } }));
  await readAgain();
};

const addOrg = async ({ name = "" }: Filled): Promise<void> => {
  await answered(api.POST("/api/v1/orgs", { body: { name } }));
  await readAgain();
};

function Zones(): ReactElement {
  const { t } = useTexts();
  const areas = useAreas();
  const found = useQuery({ queryKey: ["admin", "zones"], queryFn: readZones });
  const fields: readonly Field[] = [
    { name: "name", label: "admin.label", required: true },
    { name: "area_code", label: "admin.area", kind: "select", options: areas, required: true },
    { name: "lat", label: "admin.lat", required: true },
    { name: "lon", label: "admin.lon", required: true },
    { name: "promise", label: "admin.promise", required: true },
  ];
  return (
    <section>
      <h3>{t("admin.zones")}</h3>
      <Table label={t("admin.zones")} columns={ZONES} rows={found.data ?? []} keyOf={(zone) => zone.id} />
      <Form label={t("admin.zones")} fields={fields} action="admin.add" save={addZone} />
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
