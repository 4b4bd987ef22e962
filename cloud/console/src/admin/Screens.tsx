import { useQuery } from "@tanstack/react-query";
import { useState, type ReactElement } from "react";

import { AreaName, useAreas } from "../api/areas";
import { answered, api } from "../api/client";
import { useSeat } from "../desk/context";
import { useTexts } from "../texts/texts";
import { dateAndTime, instant } from "../time/format";
import { Form, reasonOf, type Field, type Filled } from "./Form";
import { Table, type Column } from "./List";
import { readAgain, useOrgs } from "./places";
import { ShownOnce } from "./Staff";

const read = async () => (await answered(api.GET("/api/v1/screens"))).items;
type Row = Awaited<ReturnType<typeof read>>[number];

function Revoke({ screen }: { screen: Row }): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const zone = useSeat().config.time_zone;
  const [wrong, setWrong] = useState("");
  const gone = instant(screen.revoked_at);
  if (gone !== null) return <>{t("screens.revoked", { at: dateAndTime(gone, zone) })}</>;
  const revoke = (): void => {
    answered(api.DELETE("/api/v1/screens/{screen_id}", { params: { path: { screen_id: screen.id } } })).then(
      readAgain,
      (error: unknown) => setWrong(reasonOf(error, texts)),
    );
  };
  return (
    <>
      <button type="button" className="plain" onClick={revoke}>{t("screens.revoke", { name: screen.name })}</button>{" "}
      <span role="alert" className="wrong">{wrong}</span>
    </>
  );
}

function useColumns(): readonly Column<Row>[] {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const moment = (iso: string | null): string => {
    const at = instant(iso);
    return at === null ? t("screens.never") : dateAndTime(at, zone);
  };
  return [
    { label: "admin.label", show: (row) => row.name },
    { label: "admin.area", show: (row) => <AreaName code={row.area_code} /> },
    { label: "screens.made", show: (row) => moment(row.created_at) },
    { label: "screens.seen", show: (row) => moment(row.last_seen_at) },
    { label: "screens.state", show: (row) => <Revoke screen={row} /> },
  ];
}

/** Wall screens: a link for each, that shows the wall for years and can be taken back. */
export function Screens(): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const areas = useAreas();
  const orgs = useOrgs();
  const columns = useColumns();
  const [link, setLink] = useState("");
  const found = useQuery({ queryKey: ["admin", "screens"], queryFn: read });
  const fields: readonly Field[] = [
    { name: "name", label: "admin.label", required: true, hint: t("screens.name_hint") },
    { name: "area_code", label: "admin.area", kind: "select", options: areas, hint: t("admin.area_hint") },
    { name: "org_id", label: "admin.org", kind: "select", options: orgs },
  ];
  const save = async ({ name = "", area_code = "", org_id = "" }: Filled): Promise<void> => {
    const made = await answered(api.POST("/api/v1/screens", { body: { name, area_code, org_id: org_id === "" ? null : org_id } }));
    setLink(`${window.location.origin}/wall#screen=${made.token}`);
    await readAgain();
  };
  if (found.isError) return <p role="alert">{reasonOf(found.error, texts)}</p>;
  return (
    <>
      <h2>{t("admin.screens")}</h2>
      <p>{t("screens.how")}</p>
      <Table label={t("admin.screens")} columns={columns} rows={found.data ?? []} keyOf={(row) => row.id} />
      <h3>{t("screens.new")}</h3>
      <Form key={found.data?.length ?? 0} label={t("screens.new")} fields={fields} action="screens.new" save={save} />
      <ShownOnce label={t("screens.link")} secret={link} />
    </>
  );
}
