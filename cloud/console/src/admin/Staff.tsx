import { useQuery } from "@tanstack/react-query";
import { useState, type ReactElement } from "react";
import { Link, useParams } from "react-router";

import { AreaName, useAreas } from "../api/areas";
import { answered, api, type Schemas } from "../api/client";
import { useTexts } from "../texts/texts";
import { Form, reasonOf, type Field, type Filled } from "./Form";
import { Stale } from "./Homes";
import { useFinder } from "./Finder";
import { List, PAGE, type Column } from "./List";
import { readAgain, useOrgs } from "./places";
import { Responder } from "./Responder";

type Role = Schemas["StaffShown"]["role"];
const ROLES: readonly Role[] = ["operator", "supervisor", "technician", "responder", "family", "official", "admin"];

async function read(text: string, role: string, after: string | undefined) {
  const query = { text, limit: PAGE, ...(role === "" ? {} : { role: role as Role }), ...(after === undefined ? {} : { after }) };
  return (await answered(api.GET("/api/v1/staff", { params: { query } }))).items;
}

type Row = Awaited<ReturnType<typeof read>>[number];

/** A secret that is not shown again. */
export function ShownOnce({ label, secret }: { label: string; secret: string }): ReactElement | null {
  if (secret === "") return null;
  return (
    <p className="once" role="status">
      {label} <code>{secret}</code>
    </p>
  );
}

function useColumns(): readonly Column<Row>[] {
  const { t } = useTexts();
  return [
    { label: "admin.name", show: (row) => <Link to={`/admin/staff/${row.id}`}>{row.name}</Link> },
    { label: "admin.username", show: (row) => row.username },
    { label: "admin.role", show: (row) => t(`role.${row.role}`) },
    { label: "admin.area", show: (row) => <AreaName code={row.area_code} /> },
    { label: "admin.active", show: (row) => t(row.active ? "admin.active" : "admin.disabled") },
  ];
}

/** Users of the system. */
export function Staff(): ReactElement {
  const { t } = useTexts();
  const [finder, text] = useFinder("admin.find_staff");
  const [role, setRole] = useState("");
  return (
    <>
      <h2>{t("admin.staff")}</h2>
      <div className="filters">
        {finder}
        <select aria-label={t("admin.role")} value={role} onChange={(event) => setRole(event.target.value)}>
          <option value="">{t("admin.role")}: {t("admin.all")}</option>
          {ROLES.map((one) => (
            <option key={one} value={one}>{t(`role.${one}`)}</option>
          ))}
        </select>
        <Link className="button" to="/admin/staff/new">{t("admin.new")}</Link>
      </div>
      <List name="staff" label={t("admin.staff")} filter={`${text}/${role}`} columns={useColumns()} keyOf={(row) => row.id} read={(after) => read(text, role, after)} />
    </>
  );
}

function useFields(): readonly Field[] {
  const { t } = useTexts();
  const areas = useAreas();
  const orgs = useOrgs();
  return [
    { name: "username", label: "admin.username", required: true, hint: t("admin.username_hint") },
    { name: "name", label: "admin.name", required: true },
    { name: "role", label: "admin.role", kind: "select", required: true, options: ROLES.map((one) => [one, t(`role.${one}`)] as const) },
    { name: "area_code", label: "admin.area", kind: "select", options: areas, hint: t("admin.area_hint") },
    { name: "org_id", label: "admin.org", kind: "select", options: orgs },
    { name: "active", label: "admin.active", kind: "check" },
  ];
}

const rights = (values: Filled) => ({
  name: values["name"] ?? "",
  role: values["role"] as Role,
  area_code: values["area_code"] ?? "",
  org_id: values["org_id"] === "" || values["org_id"] === undefined ? null : values["org_id"],
});

export function NewMember(): ReactElement {
  const { t } = useTexts();
  const [made, setMade] = useState({ id: "", name: "", password: "" });
  const fields = useFields().filter(({ name }) => name !== "active");
  const save = async (values: Filled): Promise<void> => {
    const body = { username: values["username"] ?? "", ...rights(values) };
    const { id, password } = await answered(api.POST("/api/v1/staff", { body }));
    setMade({ id, name: body.name, password });
    await readAgain();
  };
  return (
    <>
      <p><Link to="/admin/staff">{t("admin.back")}</Link></p>
      <h2>{t("admin.staff")} · {t("admin.new")}</h2>
      <Form label={t("admin.staff")} fields={fields} initial={{ role: "operator" }} action="admin.save" save={save} />
      <ShownOnce label={t("admin.password_once", { name: made.name })} secret={made.password} />
      {made.id !== "" && <p><Link to={`/admin/staff/${made.id}`}>{t("admin.open_member", { name: made.name })}</Link></p>}
    </>
  );
}

const readMember = (id: string) => answered(api.GET("/api/v1/staff/{staff_id}", { params: { path: { staff_id: id } } }));

export function Member(): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const { id = "" } = useParams();
  const [password, setPassword] = useState("");
  const [wrong, setWrong] = useState("");
  const fields = useFields();
  const areas = useAreas();
  const found = useQuery({ queryKey: ["admin", "member", id], queryFn: () => readMember(id), retry: false });
  const member = found.data;
  if (found.isError) return <p role="alert">{reasonOf(found.error, texts)}</p>;
  if (member === undefined || areas.length === 0) return <p role="status">{t("admin.loading")}</p>;
  const params = { path: { staff_id: id } };
  const save = async (values: Filled): Promise<void> => {
    const body = { ...rights(values), active: values["active"] === "yes", revision: member.revision };
    await answered(api.PUT("/api/v1/staff/{staff_id}", { params, body }));
    await readAgain();
  };
  const reset = (): void => {
    answered(api.POST("/api/v1/staff/{staff_id}/password", { params })).then(
      (made) => setPassword(made.password),
      (error: unknown) => setWrong(reasonOf(error, texts)),
    );
  };
  const initial = { name: member.name, role: member.role, area_code: member.area_code, org_id: member.org_id ?? "", active: member.active ? "yes" : "" };
  return (
    <>
      <p><Link to="/admin/staff">{t("admin.back")}</Link></p>
      <h2>{member.name} · {member.username}</h2>
      <Form key={member.revision} label={t("admin.staff")} fields={fields.filter(({ name }) => name !== "username")} initial={initial} action="admin.save" save={save} />
      <p>
        <button type="button" className="plain" onClick={reset}>{t("admin.reset")}</button> <Stale />
      </p>
      <ShownOnce label={t("admin.password_once", { name: member.name })} secret={password} />
      <p role="alert" className="wrong">{wrong}</p>
      {member.role === "responder" && <Responder id={id} />}
    </>
  );
}
