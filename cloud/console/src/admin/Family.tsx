import { useQuery } from "@tanstack/react-query";
import { useState, type ReactElement } from "react";
import { Link } from "react-router";

import { answered, api, type ResidentDetail } from "../api/client";
import { useSeat } from "../desk/context";
import { useTexts } from "../texts/texts";
import { dateAndTime, instant } from "../time/format";
import { Form, reasonOf, type Field, type Filled } from "./Form";
import { List, PAGE, Table, type Column } from "./List";
import { readAgain } from "./places";

interface Part {
  resident_id?: string;
  after?: string;
}

const read = async (query: Part) =>
  (await answered(api.GET("/api/v1/family/access", { params: { query: { limit: PAGE, ...query } } }))).items;
type Row = Awaited<ReturnType<typeof read>>[number];

/** Ends a binding, after a second press; or when it ended. */
function End({ row }: { row: Row }): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const zone = useSeat().config.time_zone;
  const [asked, ask] = useState(false);
  const [wrong, setWrong] = useState("");
  const until = instant(row.until);
  if (until !== null && row.ended) return <>{t("kin.ended", { at: dateAndTime(until, zone) })}</>;
  const end = (): void => {
    answered(api.DELETE("/api/v1/family/access/{access_id}", { params: { path: { access_id: row.id } } })).then(
      readAgain,
      (error: unknown) => setWrong(reasonOf(error, texts)),
    );
  };
  const words = { account: row.username, elder: row.resident_name };
  return (
    <>
      {until !== null && <span>{t("kin.until", { at: dateAndTime(until, zone) })} </span>}
      <button type="button" className="plain" aria-label={t("kin.end_of", words)} onClick={asked ? end : () => ask(true)}>
        {t(asked ? "kin.end_surely" : "kin.end")}
      </button>{" "}
      <span role="alert" className="wrong">{wrong}</span>
    </>
  );
}

function useColumns(): readonly Column<Row>[] {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const moment = (iso: string): string => dateAndTime(instant(iso) ?? 0, zone);
  return [
    { label: "kin.account", show: (row) => `${row.account_name} · ${row.username}` },
    { label: "kin.elder", show: (row) => <Link to={`/admin/residents/${row.resident_id}`}>{row.resident_name}</Link> },
    { label: "kin.contact", show: (row) => [row.relation, row.contact_name].filter((part) => part !== "").join(" ") },
    { label: "kin.place", show: (row) => t(row.location ? "kin.place_yes" : "kin.place_no") },
    { label: "kin.consent", show: (row) => `${row.consent} · ${moment(row.consented_at)} · ${row.recorded_by}` },
    { label: "kin.since", show: (row) => moment(row.since) },
    { label: "kin.state", show: (row) => <End row={row} /> },
  ];
}

/** Which family account sees which elder, or did: in the order in which it was agreed. */
export function FamilyAccess(): ReactElement {
  const { t } = useTexts();
  const columns = useColumns();
  return (
    <>
      <h2>{t("kin.access")}</h2>
      <p>{t("kin.how")}</p>
      <List
        name="family"
        label={t("kin.access")}
        filter=""
        columns={columns}
        keyOf={(row) => row.id}
        read={(after) => read(after === undefined ? {} : { after })}
      />
    </>
  );
}

function useFields(resident: ResidentDetail): readonly Field[] {
  const { t } = useTexts();
  const contacts = resident.contacts.map(({ name, relation }) => [name, [relation, name].filter((part) => part !== "").join(" ")] as const);
  return [
    { name: "username", label: "kin.account", required: true, hint: t("kin.account_hint") },
    { name: "contact", label: "kin.contact", kind: "select", options: contacts, required: true },
    { name: "consent", label: "kin.consent", required: true, wide: true, hint: t("kin.consent_hint") },
    { name: "consented_at", label: "kin.consented_at", kind: "datetime-local" },
    { name: "location", label: "kin.place_agreed", kind: "check" },
  ];
}

/** The family accounts of one elder, and one more. */
export function FamilyOf({ resident }: { resident: ResidentDetail }): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const columns = useColumns().filter(({ label }) => label !== "kin.elder");
  const fields = useFields(resident);
  const found = useQuery({ queryKey: ["admin", "family", resident.id], queryFn: () => read({ resident_id: resident.id }) });
  const rows = found.data ?? [];
  const save = async ({ username = "", contact = "", consent = "", consented_at = "", location = "" }: Filled): Promise<void> => {
    // The form's time is the deployment's: UTC+8, no summer time.
    const agreed = consented_at === "" ? null : `${consented_at}:00+08:00`;
    const body = { username, resident_id: resident.id, contact, consent, consented_at: agreed, location: location === "yes" };
    await answered(api.POST("/api/v1/family/access", { body }));
    await readAgain();
  };
  if (found.isError) return <p role="alert">{reasonOf(found.error, texts)}</p>;
  return (
    <>
      <Table label={t("kin.access")} columns={columns} rows={rows} keyOf={(row) => row.id} />
      {resident.contacts.length === 0 ? (
        <p>{t("kin.no_contact")}</p>
      ) : (
        <Form key={rows.length} label={t("kin.bind")} fields={fields} action="kin.bind" save={save} />
      )}
    </>
  );
}
