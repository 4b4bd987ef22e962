import { useState, type ReactElement } from "react";

import { answered, api } from "../api/client";
import { useTexts } from "../texts/texts";
import { Form, type Field, type Filled } from "./Form";
import { List, PAGE, type Column } from "./List";
import { readAgain } from "./places";
import { ShownOnce } from "./Staff";

async function read(after: string | undefined) {
  const query = { limit: PAGE, ...(after === undefined ? {} : { after }) };
  return (await answered(api.GET("/api/v1/gateways", { params: { query } }))).items;
}

type Row = Awaited<ReturnType<typeof read>>[number];

const FIELDS: readonly Field[] = [
  { name: "id", label: "admin.gateway_id", required: true },
  { name: "home_id", label: "admin.home_id", required: true },
];

/** Gateways, and a new one with its secret. */
export function Gateways(): ReactElement {
  const { t } = useTexts();
  const [secret, setSecret] = useState("");
  const columns: readonly Column<Row>[] = [
    { label: "admin.gateway_id", show: (row) => row.id },
    { label: "admin.place", show: (row) => row.place || t("admin.none") },
    { label: "admin.online", show: (row) => (row.online === null ? t("admin.never") : t(row.online ? "admin.online" : "admin.offline")) },
  ];
  const save = async ({ id = "", home_id = "" }: Filled): Promise<void> => {
    setSecret((await answered(api.POST("/api/v1/gateways", { body: { id, home_id, kind: "home" } }))).secret);
    await readAgain();
  };
  return (
    <section>
      <h3>{t("admin.gateways")}</h3>
      <List name="gateways" label={t("admin.gateways")} filter="" columns={columns} keyOf={(row) => row.id} read={read} />
      <Form label={t("admin.gateway_new")} fields={FIELDS} action="admin.gateway_new" save={save} />
      <ShownOnce label={t("admin.secret")} secret={secret} />
    </section>
  );
}
