import { useQuery } from "@tanstack/react-query";
import { useState, type ReactElement } from "react";
import { Link, useParams } from "react-router";

import { answered, api } from "../api/client";
import { useSeat } from "../desk/context";
import { useTexts } from "../texts/texts";
import { dateAndTime, instant } from "../time/format";
import { Form, reasonOf, type Field, type Filled } from "./Form";
import { Stale } from "./Homes";
import { List, PAGE, type Column } from "./List";
import { readAgain } from "./places";
import { ShownOnce } from "./Staff";

async function read(retired: boolean, text: string, after: string | undefined) {
  const query = { limit: PAGE, retired, text, ...(after === undefined ? {} : { after }) };
  return (await answered(api.GET("/api/v1/gateways", { params: { query } }))).items;
}

type Row = Awaited<ReturnType<typeof read>>[number];

const FIELDS: readonly Field[] = [
  { name: "id", label: "admin.gateway_id", required: true },
  { name: "home_id", label: "admin.home_id", required: true },
];

function useColumns(): readonly Column<Row>[] {
  const { t } = useTexts();
  return [
    { label: "admin.gateway_id", show: (row) => <Link to={`/admin/gateways/${row.id}`}>{row.id}</Link> },
    { label: "admin.place", show: (row) => row.place || t("admin.none") },
    { label: "admin.online", show: (row) => (row.online === null ? t("admin.never") : t(row.online ? "admin.online" : "admin.offline")) },
  ];
}

/** Gateways, and a new one with its secret. */
export function Gateways({ retired, text }: { retired: boolean; text: string }): ReactElement {
  const { t } = useTexts();
  const [secret, setSecret] = useState("");
  const save = async ({ id = "", home_id = "" }: Filled): Promise<void> => {
    setSecret((await answered(api.POST("/api/v1/gateways", { body: { id, home_id, kind: "home" } }))).secret);
    await readAgain();
  };
  return (
    <section>
      <h3>{t("admin.gateways")}</h3>
      <List name="gateways" label={t("admin.gateways")} filter={`${String(retired)}/${text}`} columns={useColumns()} keyOf={(row) => row.id} read={(after) => read(retired, text, after)} />
      <Form label={t("admin.gateway_new")} fields={FIELDS} action="admin.gateway_new" save={save} />
      <ShownOnce label={t("admin.secret")} secret={secret} />
    </section>
  );
}

const readGateway = (id: string) => answered(api.GET("/api/v1/gateways/{gateway_id}", { params: { path: { gateway_id: id } } }));
type Detail = Awaited<ReturnType<typeof readGateway>>;

/** Why something is taken out of use. */
export const REASON: readonly Field[] = [{ name: "reason", label: "admin.reason", required: true, wide: true }];
const NETWORK = ["link", "carrier", "iccid", "expires"] as const;

async function change(gateway: Detail, said: { home_id?: string | null; network?: Record<string, unknown>; retired?: boolean; reason?: string }): Promise<void> {
  const { id, home_id, network, retired_at, revision } = gateway;
  const body = { revision, home_id, network, retired: retired_at !== null, reason: "", ...said };
  await answered(api.PUT("/api/v1/gateways/{gateway_id}", { params: { path: { gateway_id: id } }, body }));
  await readAgain();
}

function Change({ gateway }: { gateway: Detail }): ReactElement {
  const { t } = useTexts();
  const home: readonly Field[] = gateway.kind === "home" ? [{ name: "home_id", label: "admin.home_id", required: true }] : [];
  const fields: readonly Field[] = [...home, ...NETWORK.map((name) => ({ name, label: `admin.net_${name}` as const }))];
  const save = async (values: Filled): Promise<void> => {
    const facts = NETWORK.map((name) => [name, values[name] ?? ""] as const).filter(([, value]) => value !== "");
    const unknown = Object.entries(gateway.network).filter(([name]) => !(NETWORK as readonly string[]).includes(name));
    const placed = gateway.kind === "home" ? { home_id: values["home_id"] ?? "" } : {};
    await change(gateway, { ...placed, network: Object.fromEntries([...unknown, ...facts]) });
  };
  const known = Object.fromEntries(NETWORK.map((name) => [name, String(gateway.network[name] ?? "")]));
  return <Form label={t("admin.gateways")} fields={fields} initial={{ ...known, home_id: gateway.home_id ?? "" }} action="admin.save" save={save} />;
}

/** Out of use, with the reason; and back. */
function Retire({ gateway }: { gateway: Detail }): ReactElement {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const at = instant(gateway.retired_at);
  return (
    <>
      <h3>{t(at === null ? "admin.retire" : "admin.unretire")}</h3>
      <p>{at === null ? t("admin.retire_gateway_means") : t("admin.retired_since", { at: dateAndTime(at, zone) })}</p>
      <Form
        label={t(at === null ? "admin.retire" : "admin.unretire")}
        fields={REASON}
        action={at === null ? "admin.retire" : "admin.unretire"}
        save={({ reason = "" }) => change(gateway, { retired: at === null, reason })}
      />
    </>
  );
}

/** One gateway: where it stands, what carries it, its secret, whether it is in use. */
export function Gateway(): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const { id = "" } = useParams();
  const [secret, setSecret] = useState("");
  const [wrong, setWrong] = useState("");
  const found = useQuery({ queryKey: ["admin", "gateway", id], queryFn: () => readGateway(id), retry: false });
  const gateway = found.data;
  if (found.isError) return <p role="alert">{reasonOf(found.error, texts)}</p>;
  if (gateway === undefined) return <p role="status">{t("admin.loading")}</p>;
  const renew = (): void => {
    answered(api.POST("/api/v1/gateways/{gateway_id}/secret", { params: { path: { gateway_id: id } } })).then(
      (made) => setSecret(made.secret),
      (error: unknown) => setWrong(reasonOf(error, texts)),
    );
  };
  return (
    <>
      <p><Link to="/admin/devices">{t("admin.back")}</Link></p>
      <h2>{id}</h2>
      {gateway.home_id !== null && <p><Link to={`/admin/homes/${gateway.home_id}`}>{t("admin.to_home")}</Link></p>}
      <Change key={`change-${gateway.revision}`} gateway={gateway} />
      <p>
        <button type="button" className="plain" onClick={renew}>{t("admin.renew_secret")}</button> <Stale />
      </p>
      <ShownOnce label={t("admin.secret")} secret={secret} />
      <p role="alert" className="wrong">{wrong}</p>
      <Retire key={`retire-${gateway.revision}`} gateway={gateway} />
    </>
  );
}
