import { useQuery } from "@tanstack/react-query";
import { useState, type ReactElement } from "react";
import { Link, useNavigate, useParams } from "react-router";

import { AreaName, useAreas } from "../api/areas";
import { answered, api } from "../api/client";
import { Records } from "../technician/Records";
import { useTexts } from "../texts/texts";
import { AccessPoints } from "./AccessPoints";
import { Form, reasonOf, type Field, type Filled } from "./Form";
import { useFinder } from "./Finder";
import { List, Table, type Column } from "./List";
import { readAgain, readHome, readHomes, useOrgs } from "./places";
import { Rename } from "./Rename";
import { SafeZone } from "./SafeZone";

type Listed = Awaited<ReturnType<typeof readHomes>>[number];
type Detail = Awaited<ReturnType<typeof readHome>>;
type Bed = Detail["beds"][number];

const COLUMNS: readonly Column<Listed>[] = [
  { label: "admin.address", show: (row) => <Link to={`/admin/homes/${row.id}`}>{row.place || row.id}</Link> },
  { label: "admin.people", show: (row) => row.residents.join("、") || "—" },
  { label: "admin.beds", show: (row) => row.beds },
  { label: "admin.gateways", show: (row) => row.gateways },
  { label: "admin.area", show: (row) => <AreaName code={row.area_code} /> },
  { label: "admin.org", show: (row) => row.org },
];

/** Homes and how many beds they have. */
export function Homes(): ReactElement {
  const { t } = useTexts();
  const areas = useAreas();
  const [area, setArea] = useState("");
  const [finder, text] = useFinder("admin.find_people");
  return (
    <>
      <h2>{t("admin.homes")}</h2>
      <div className="filters">
        {finder}
        <select aria-label={t("admin.area")} value={area} onChange={(event) => setArea(event.target.value)}>
          <option value="">{t("admin.area")}: {t("admin.all")}</option>
          {areas.map(([code, name]) => (
            <option key={code} value={code}>{name}</option>
          ))}
        </select>
        <Link className="button" to="/admin/homes/new">{t("admin.new")}</Link>
      </div>
      <List name="homes" label={t("admin.homes")} filter={`${area}/${text}`} columns={COLUMNS} keyOf={(row) => row.id} read={(after) => readHomes(area, text, after)} />
    </>
  );
}

function useFields(hasCode: boolean): readonly Field[] {
  const { t } = useTexts();
  const areas = useAreas();
  const orgs = useOrgs();
  return [
    { name: "area_code", label: "admin.area", kind: "select", options: areas, required: true },
    { name: "org", label: "admin.org", kind: "select", options: orgs, required: true },
    { name: "street", label: "admin.street" },
    { name: "compound", label: "admin.compound" },
    { name: "building", label: "admin.building" },
    { name: "unit", label: "admin.unit" },
    { name: "room", label: "admin.room" },
    { name: "safe_radius_m", label: "admin.radius" },
    { name: "lat", label: "admin.lat" },
    { name: "lon", label: "admin.lon" },
    { name: "door_code", label: "admin.door_code", hint: t(hasCode ? "admin.door_there" : "admin.door_none") },
    { name: "verified", label: "admin.verified", kind: "check" },
    { name: "access_note", label: "admin.access_note", kind: "area", wide: true },
  ];
}

/** What the form says as the API takes it; a number that is none is left to the API to refuse. */
function bodyOf(values: Filled) {
  const text = (name: string): string => values[name] ?? "";
  const at = text("lat") === "" && text("lon") === "" ? null : { lat: Number(text("lat")), lon: Number(text("lon")) };
  const radius = text("safe_radius_m");
  return {
    area_code: text("area_code"),
    org: text("org"),
    street: text("street"),
    compound: text("compound"),
    building: text("building"),
    unit: text("unit"),
    room: text("room"),
    access_note: text("access_note"),
    gate: at,
    safe_radius_m: radius === "" ? null : Number(radius),
  };
}

export function NewHome(): ReactElement {
  const { t } = useTexts();
  const go = useNavigate();
  const save = async (values: Filled): Promise<void> => {
    const code = values["door_code"];
    const body = { ...bodyOf(values), door_code: code === "" || code === undefined ? null : code };
    const made = await answered(api.POST("/api/v1/homes", { body }));
    await readAgain();
    await go(`/admin/homes/${made.id}`);
  };
  const fields = useFields(false).filter(({ name }) => name !== "verified");
  return (
    <>
      <h2>{t("admin.homes")} · {t("admin.new")}</h2>
      <Form label={t("admin.homes")} fields={fields} action="admin.save" save={save} />
    </>
  );
}

const renameBed = (bed: Bed, label: string) =>
  answered(api.PUT("/api/v1/beds/{bed_id}", { params: { path: { bed_id: bed.id } }, body: { label, revision: bed.revision } }));

function useBedColumns(): readonly Column<Bed>[] {
  const { t } = useTexts();
  return [
    { label: "admin.label", show: (bed) => <Rename name={bed.label} save={(label) => renameBed(bed, label)} /> },
    {
      label: "admin.people",
      show: (bed) =>
        bed.resident_id === null ? (
          <Link to={`/admin/residents/new?bed=${bed.id}`}>{t("admin.register_here")}</Link>
        ) : (
          <Link to={`/admin/residents/${bed.resident_id}`}>{bed.resident_name}</Link>
        ),
    },
  ];
}

function Beds({ home }: { home: Detail }): ReactElement {
  const { t } = useTexts();
  const add = async (values: Filled): Promise<void> => {
    const params = { path: { home_id: home.id } };
    await answered(api.POST("/api/v1/homes/{home_id}/beds", { params, body: { label: values["label"] ?? "" } }));
    await readAgain();
  };
  return (
    <section>
      <h3>{t("admin.beds")}</h3>
      <Table label={t("admin.beds")} columns={useBedColumns()} rows={home.beds} keyOf={(bed) => bed.id} />
      <Form key={home.beds.length} label={t("admin.add_bed")} fields={[{ name: "label", label: "admin.label" }]} action="admin.add_bed" save={add} />
    </section>
  );
}

const readDevices = async (home: string) => (await answered(api.GET("/api/v1/devices", { params: { query: { home } } }))).items;
type DeviceOf = Awaited<ReturnType<typeof readDevices>>[number];

const DEVICES: readonly Column<DeviceOf>[] = [
  { label: "admin.device_id", show: (one) => <Link to={`/admin/devices/${one.id}`}>{one.id}</Link> },
  { label: "admin.family", show: (one) => one.family },
  { label: "admin.used_in", show: (one) => one.room || "—" },
  { label: "admin.role_short", show: (one) => one.role || "—" },
];

function DevicesOf({ home }: { home: string }): ReactElement {
  const { t } = useTexts();
  const found = useQuery({ queryKey: ["admin", "devices-of", home], queryFn: () => readDevices(home) });
  return (
    <section>
      <h3>{t("admin.devices")}</h3>
      <Table label={t("admin.devices")} columns={DEVICES} rows={found.data ?? []} keyOf={(one) => one.id} />
      <p><Link className="button" to={`/admin/devices/new?home=${home}`}>{t("admin.add_device")}</Link></p>
    </section>
  );
}

export function Home(): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const { id = "" } = useParams();
  const found = useQuery({ queryKey: ["admin", "home", id], queryFn: () => readHome(id), retry: false });
  const home = found.data;
  const fields = useFields(home?.has_door_code ?? false);
  const areas = useAreas();
  const orgs = useOrgs();
  if (found.isError) return <p role="alert">{reasonOf(found.error, texts)}</p>;
  if (home === undefined || areas.length === 0 || orgs.length === 0) return <p role="status">{t("admin.loading")}</p>;
  const save = async (values: Filled): Promise<void> => {
    const code = values["door_code"] ?? "";
    const door = code === "" ? null : code === "-" ? "" : code;
    const body = { ...bodyOf(values), revision: home.revision, door_code: door, verified: values["verified"] === "yes" };
    await answered(api.PUT("/api/v1/homes/{home_id}", { params: { path: { home_id: id } }, body }));
    await readAgain();
  };
  const initial = {
    area_code: home.area_code, org: home.org_id, street: home.street, compound: home.compound, building: home.building,
    unit: home.unit, room: home.room, access_note: home.access_note, lat: String(home.gate?.lat ?? ""),
    lon: String(home.gate?.lon ?? ""), safe_radius_m: String(home.safe_radius_m ?? ""), verified: home.verified_at === null ? "" : "yes",
  };
  return (
    <>
      <p><Link to="/admin/homes">{t("admin.back")}</Link></p>
      <h2>{[home.street, home.compound, home.building, home.unit, home.room].filter(Boolean).join(" ") || id}</h2>
      <Beds home={home} />
      <DevicesOf home={id} />
      <section>
        <h3>{t("tech.records")}</h3>
        <Records home={id} />
      </section>
      <SafeZone key={`zone-${home.revision}`} home={home} />
      <AccessPoints key={`wifi-${home.revision}`} home={home} />
      <h3>{t("admin.address")}</h3>
      <Form key={home.revision} label={t("admin.address")} fields={fields} initial={initial} action="admin.save" save={save} />
      <Stale />
    </>
  );
}

/** What another admin has changed meanwhile is read again with this. */
export function Stale(): ReactElement {
  const { t } = useTexts();
  return <button type="button" className="plain" onClick={() => void readAgain()}>{t("admin.reread")}</button>;
}
