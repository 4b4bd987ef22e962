import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";

import { useAreas } from "../api/areas";
import { answered, api, type ResidentDetail } from "../api/client";
import { useTexts } from "../texts/texts";
import { Contacts } from "./Contacts";
import { FamilyOf } from "./Family";
import { Form, linesOf, listOf, reasonOf, type Field, type Filled } from "./Form";
import { Stale } from "./Homes";
import { Limits } from "./Limits";
import { readAgain, useOrgs } from "./places";
import { STATES, type StateName } from "./Residents";
import { Stay } from "./Stay";

const PROFILE = ["living", "care_level", "mobility"] as const;
const NEEDS = ["hearing", "dialect", "power"] as const;

function useFields(idHint: string): readonly Field[] {
  const { t } = useTexts();
  const sexes = [["female", t("admin.female")], ["male", t("admin.male")], ["unknown", t("admin.unknown")]] as const;
  return [
    { name: "name", label: "admin.name", required: true },
    { name: "sex", label: "admin.sex", kind: "select", options: sexes, required: true },
    { name: "birth_date", label: "admin.birth_date", kind: "date" },
    { name: "id_number", label: "admin.id_number", hint: idHint },
    { name: "phones", label: "admin.phones", wide: true },
    { name: "living", label: "admin.living" },
    { name: "care_level", label: "admin.care_level" },
    { name: "mobility", label: "admin.mobility" },
    { name: "hearing", label: "admin.hearing" },
    { name: "dialect", label: "admin.dialect" },
    { name: "power", label: "admin.power" },
    { name: "conditions", label: "admin.conditions", kind: "area", wide: true },
    { name: "risks", label: "admin.risks", kind: "area", wide: true },
  ];
}

type Facts = Readonly<Record<string, unknown>>;

/** The facts with what the form says of some of them; those that it does not know stay. */
function withSaid(before: Facts, names: readonly string[], values: Filled): Record<string, unknown> {
  const after: Record<string, unknown> = { ...before };
  for (const name of names) {
    if (values[name] === "" || values[name] === undefined) delete after[name];
    else after[name] = values[name];
  }
  return after;
}

function bodyOf(values: Filled, profile: Facts, needs: Facts) {
  const conditions = linesOf(values["conditions"]);
  const number = values["id_number"] ?? "";
  const born = values["birth_date"] ?? "";
  const facts = withSaid(profile, PROFILE, values);
  if (conditions.length > 0) facts["conditions"] = conditions;
  else delete facts["conditions"];
  return {
    name: values["name"] ?? "",
    sex: values["sex"] as "female" | "male" | "unknown",
    birth_date: born === "" ? null : born,
    phones: listOf(values["phones"]),
    id_number: number === "" ? null : number,
    profile: facts,
    needs: withSaid(needs, NEEDS, values),
    risks: linesOf(values["risks"]),
  };
}

/** An elder who comes: into the bed that was chosen, else into an area without a bed for now. */
export function NewResident(): ReactElement {
  const { t } = useTexts();
  const go = useNavigate();
  const [search] = useSearchParams();
  const bed = search.get("bed");
  const areas = useAreas();
  const orgs = useOrgs();
  const place: readonly Field[] = [
    { name: "area_code", label: "admin.area", kind: "select", options: areas, required: true },
    { name: "org", label: "admin.org", kind: "select", options: orgs, required: true },
  ];
  const fields = useFields(t("admin.id_hint"));
  const save = async (values: Filled): Promise<void> => {
    const where = bed === null ? { area_code: values["area_code"] ?? "", org: values["org"] ?? "" } : { bed_id: bed };
    const made = await answered(api.POST("/api/v1/residents", { body: { ...bodyOf(values, {}, {}), ...where } }));
    await readAgain();
    await go(`/admin/residents/${made.id}`);
  };
  return (
    <>
      <h2>{t("admin.residents")} · {t("admin.new")}</h2>
      <Form label={t("admin.profile")} fields={bed === null ? [...place, ...fields] : fields} initial={{ sex: "unknown" }} action="admin.save" save={save} />
    </>
  );
}

const text = (value: unknown): string => (Array.isArray(value) ? value.join("\n") : value === undefined || value === null ? "" : String(value));

function Facts({ resident }: { resident: ResidentDetail }): ReactElement {
  const { t } = useTexts();
  const ends = resident.id_number_ends;
  const fields = useFields(`${ends === null ? t("admin.id_none") : t("admin.id_ends", { ends })} · ${t("admin.id_hint")}`);
  const { profile, needs } = resident;
  const facts = [...PROFILE, "conditions"].map((name) => [name, text(profile[name])]);
  const needed = NEEDS.map((name) => [name, text(needs[name])]);
  const initial = {
    name: resident.name, sex: resident.sex, birth_date: resident.birth_date ?? "", phones: resident.phones.join("、"),
    risks: text(resident.risks), ...Object.fromEntries([...facts, ...needed]),
  };
  const save = async (values: Filled): Promise<void> => {
    const body = { ...bodyOf(values, profile, needs), limits: resident.limits, revision: resident.revision };
    await answered(api.PUT("/api/v1/residents/{resident_id}", { params: { path: { resident_id: resident.id } }, body }));
    await readAgain();
  };
  return <Form key={resident.revision} label={t("admin.profile")} fields={fields} initial={initial} action="admin.save" save={save} />;
}

function State({ resident }: { resident: ResidentDetail }): ReactElement {
  const { t } = useTexts();
  const fields: readonly Field[] = [
    { name: "state", label: "admin.state", kind: "select", required: true, options: STATES.map((one) => [one, t(`admin.state_${one}`)] as const) },
    { name: "until", label: "admin.until", kind: "datetime-local" },
    { name: "place", label: "admin.stay", wide: true },
  ];
  const save = async (values: Filled): Promise<void> => {
    // The form's time is the deployment's: UTC+8, no summer time.
    const until = values["until"] === "" ? null : `${values["until"] ?? ""}:00+08:00`;
    const stay = values["place"] ?? "";
    const body = { state: values["state"] as StateName, until, place: stay === "" ? null : { text: stay } };
    await answered(api.POST("/api/v1/residents/{resident_id}/state", { params: { path: { resident_id: resident.id } }, body }));
    await readAgain();
  };
  return <Form key={resident.state?.since ?? ""} label={t("admin.state_title")} fields={fields} initial={{ state: resident.state?.state ?? "active" }} action="admin.save" save={save} />;
}

export function Resident(): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const { id = "" } = useParams();
  const found = useQuery({
    queryKey: ["admin", "resident", id],
    queryFn: () => answered(api.GET("/api/v1/residents/{resident_id}", { params: { path: { resident_id: id } } })),
    retry: false,
  });
  if (found.isError) return <p role="alert">{reasonOf(found.error, texts)}</p>;
  const resident = found.data;
  if (resident === undefined) return <p role="status">{t("admin.loading")}</p>;
  return (
    <>
      <p><Link to="/admin/residents">{t("admin.back")}</Link></p>
      <h2>{resident.name}</h2>
      <h3>{t("admin.bed_title")}</h3>
      <Stay resident={resident} />
      <h3>{t("admin.contacts_title")}</h3>
      <Contacts key={resident.revision} resident={resident} />
      <h3>{t("kin.access")}</h3>
      <FamilyOf resident={resident} />
      <h3>{t("admin.profile")}</h3>
      <Facts resident={resident} />
      <h3>{t("admin.limits")}</h3>
      <Limits resident={id} />
      <h3>{t("admin.state_title")}</h3>
      <State resident={resident} />
      <Stale />
    </>
  );
}
