import { useQuery } from "@tanstack/react-query";
import { useState, type ReactElement } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";

import { answered, api } from "../api/client";
import { useSeat } from "../desk/context";
import { useTexts } from "../texts/texts";
import { dateAndTime, instant } from "../time/format";
import { useFinder } from "./Finder";
import { Form, reasonOf, type Field, type Filled } from "./Form";
import { Gateways, REASON } from "./Gateways";
import { List, PAGE, Table, type Column } from "./List";
import { readAgain } from "./places";
import { HomeFinder, type ActProps } from "./Stay";

async function read(retired: boolean, text: string, after: string | undefined) {
  const query = { limit: PAGE, retired, text, ...(after === undefined ? {} : { after }) };
  return (await answered(api.GET("/api/v1/devices", { params: { query } }))).items;
}

type Row = Awaited<ReturnType<typeof read>>[number];

function useMoment(): (iso: string | null) => string {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  return (iso) => {
    const at = instant(iso);
    return at === null ? t("admin.never") : dateAndTime(at, zone);
  };
}

function useColumns(): readonly Column<Row>[] {
  const moment = useMoment();
  const { term } = useTexts();
  return [
    { label: "admin.device_id", show: (row) => <Link to={`/admin/devices/${row.id}`}>{row.id}</Link> },
    { label: "admin.family", show: (row) => row.family },
    { label: "admin.model", show: (row) => row.model || "—" },
    { label: "admin.installed", show: (row) => (row.home_id === null ? "—" : <Link to={`/admin/homes/${row.home_id}`}>{row.place || row.home_id}</Link>) },
    { label: "admin.used_in", show: (row) => (row.room === "" ? "—" : term("room", row.room)) },
    { label: "admin.role_short", show: (row) => row.role || "—" },
    { label: "admin.last_seen", show: (row) => moment(row.last_seen_at) },
  ];
}

/** Devices and gateways: those in use, or those that are not any more. */
export function Devices(): ReactElement {
  const { t } = useTexts();
  const [retired, setRetired] = useState(false);
  const [finder, text] = useFinder("admin.find_devices");
  return (
    <>
      <h2>{t("admin.devices")}</h2>
      <div className="filters">
        {finder}
        <label className="check">
          <input type="checkbox" checked={retired} onChange={(event) => setRetired(event.target.checked)} />
          {t("admin.only_retired")}
        </label>
        <Link className="button" to="/admin/devices/new">{t("admin.new")}</Link>
      </div>
      <List name="devices" label={t("admin.devices")} filter={`${String(retired)}/${text}`} columns={useColumns()} keyOf={(row) => row.id} read={(after) => read(retired, text, after)} />
      <Gateways retired={retired} text={text} />
    </>
  );
}

const NEW: readonly Field[] = [
  { name: "id", label: "admin.device_id", required: true },
  { name: "family", label: "admin.family", required: true },
  { name: "model", label: "admin.model" },
  { name: "room", label: "admin.used_in" },
  { name: "role", label: "admin.role_of" },
  { name: "home_id", label: "admin.home_id" },
];

export function NewDevice(): ReactElement {
  const { t } = useTexts();
  const go = useNavigate();
  const [search] = useSearchParams();
  const home = search.get("home") ?? "";
  const hints: Readonly<Record<string, string>> = { id: t("admin.device_hint"), home_id: t("admin.home_hint") };
  const fields = NEW.map((field) => ({ ...field, hint: hints[field.name] ?? "" }));
  const save = async (values: Filled): Promise<void> => {
    const { id = "", family = "", model = "", room = "", role = "", home_id = "" } = values;
    await answered(api.POST("/api/v1/devices", { body: { id, family, model, room, role, home_id: home_id === "" ? null : home_id } }));
    await readAgain();
    await go(`/admin/devices/${id}`);
  };
  return (
    <>
      <h2>{t("admin.devices")} · {t("admin.new")}</h2>
      <Form label={t("admin.devices")} fields={fields} initial={{ home_id: home }} action="admin.save" save={save} />
    </>
  );
}

const readPlaces = async (id: string) =>
  (await answered(api.GET("/api/v1/devices/{device_id}/installations", { params: { path: { device_id: id } } }))).items;
type Place = Awaited<ReturnType<typeof readPlaces>>[number];

const readDevice = (id: string) => answered(api.GET("/api/v1/devices/{device_id}", { params: { path: { device_id: id } } }));

function Change({ device }: { device: Row }): ReactElement {
  const { t } = useTexts();
  const placed = device.home_id !== null;
  const fields = NEW.filter(({ name }) => name === "family" || name === "model" || (placed && (name === "room" || name === "role")));
  const save = async ({ family = "", model = "", room = "", role = "" }: Filled): Promise<void> => {
    const params = { path: { device_id: device.id } };
    const place = placed ? { room, role } : {};
    await answered(api.PUT("/api/v1/devices/{device_id}", { params, body: { revision: device.revision, family, model, ...place } }));
    await readAgain();
  };
  const { family, model, room, role } = device;
  return <Form key={device.revision} label={t("admin.devices")} fields={fields} initial={{ family, model, room, role }} action="admin.save" save={save} />;
}

function Retire({ device }: { device: Row }): ReactElement {
  const { t } = useTexts();
  const moment = useMoment();
  if (device.retired_at !== null) return <p className="once">{t("admin.retired_since", { at: moment(device.retired_at) })}</p>;
  const save = async ({ reason = "" }: Filled): Promise<void> => {
    const params = { path: { device_id: device.id } };
    await answered(api.POST("/api/v1/devices/{device_id}/retirement", { params, body: { revision: device.revision, reason } }));
    await readAgain();
  };
  return (
    <>
      <h3>{t("admin.retire")}</h3>
      <p>{t("admin.retire_device_means")}</p>
      <Form label={t("admin.retire")} fields={REASON} action="admin.retire" save={save} />
    </>
  );
}

function InstallButton({ home, act }: ActProps): ReactElement {
  const { t } = useTexts();
  return <button type="button" className="plain" onClick={() => act(home.id)}>{t("admin.install_here", { place: home.place })}</button>;
}

function usePlaceColumns(): readonly Column<Place>[] {
  const { t } = useTexts();
  const moment = useMoment();
  return [
    { label: "admin.installed", show: (one) => <Link to={`/admin/homes/${one.home_id}`}>{one.place || one.home_id}</Link> },
    { label: "admin.used_in", show: (one) => one.room || "—" },
    { label: "admin.role_short", show: (one) => one.role || "—" },
    { label: "admin.since", show: (one) => moment(one.since) },
    { label: "admin.until_short", show: (one) => (one.until === null ? t("admin.kept_until") : moment(one.until)) },
  ];
}

export function Device(): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const { id = "" } = useParams();
  const placeColumns = usePlaceColumns();
  const [wrong, setWrong] = useState("");
  const device = useQuery({ queryKey: ["admin", "device", id], queryFn: () => readDevice(id), retry: false });
  const places = useQuery({ queryKey: ["admin", "places", id], queryFn: () => readPlaces(id), retry: false });
  const install = (home: string): void => {
    const params = { path: { device_id: id } };
    const { room = "", role = "" } = device.data ?? {};
    answered(api.POST("/api/v1/devices/{device_id}/installations", { params, body: { home_id: home, room, role } })).then(
      readAgain,
      (error: unknown) => setWrong(reasonOf(error, texts)),
    );
  };
  if (places.isError) return <p role="alert">{reasonOf(places.error, texts)}</p>;
  return (
    <>
      <p><Link to="/admin/devices">{t("admin.back")}</Link></p>
      <h2>{id}</h2>
      {device.data !== undefined && <Change device={device.data} />}
      <h3>{t("admin.history")}</h3>
      <Table label={t("admin.history")} columns={placeColumns} rows={places.data ?? []} keyOf={(one) => one.id} />
      <h3>{t("admin.install")}</h3>
      <HomeFinder Act={InstallButton} act={install} />
      {device.data !== undefined && <Retire device={device.data} />}
      <p role="alert" className="wrong">{wrong}</p>
    </>
  );
}
