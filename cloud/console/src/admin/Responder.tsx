import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";

import { answered, api } from "../api/client";
import { useTexts } from "../texts/texts";
import { Form, type Field, type Filled } from "./Form";
import { readAgain } from "./places";

const SKILLS = ["key_holder", "first_aid", "nurse", "lifting", "ambulance"] as const;
const MOST_LISTED = 1000;
const NEW = { zone: null, skills: [] as string[], speed_kmh: 15, most_cases: 1 };

/** What is known of a responder, and the zones; somebody new is known by nothing yet. */
async function read(id: string) {
  const [responders, zones] = await Promise.all([
    answered(api.GET("/api/v1/responders", { params: { query: { limit: MOST_LISTED } } })),
    answered(api.GET("/api/v1/zones")),
  ]);
  const known = responders.items.find((one) => one.staff_id === id);
  return { known: known ?? NEW, isNew: known === undefined, zones: zones.items };
}

/** Where a responder sets off from, what they can do, how many cases at once: without it nobody can send them. */
export function Responder({ id }: { id: string }): ReactElement | null {
  const { t } = useTexts();
  const found = useQuery({ queryKey: ["admin", "responder", id], queryFn: () => read(id) });
  if (found.data === undefined) return <p role="status">{t(found.isError ? "admin.unreachable" : "admin.loading")}</p>;
  const { known, isNew, zones } = found.data;
  const fields: readonly Field[] = [
    { name: "zone", label: "admin.zone", kind: "select", options: zones.map((zone) => [zone.id, zone.name] as const), hint: t("admin.zone_hint") },
    { name: "speed", label: "admin.speed", required: true },
    { name: "most", label: "admin.most_cases", required: true },
    ...SKILLS.map((skill) => ({ name: skill, label: `skill.${skill}`, kind: "check" }) as const),
  ];
  const initial = {
    zone: known.zone?.id ?? "",
    speed: String(known.speed_kmh),
    most: String(known.most_cases),
    ...Object.fromEntries(known.skills.map((skill) => [skill, "yes"])),
  };
  const save = async (values: Filled): Promise<void> => {
    const others = known.skills.filter((skill) => !SKILLS.some((one) => one === skill));
    const body = {
      zone_id: values["zone"] || null,
      skills: [...SKILLS.filter((skill) => values[skill] === "yes"), ...others],
      speed_kmh: Number(values["speed"]),
      most_cases: Number(values["most"]),
    };
    await answered(api.PUT("/api/v1/responders/{staff_id}", { params: { path: { staff_id: id } }, body }));
    await readAgain();
  };
  return (
    <section>
      <h3>{t("admin.responder")}</h3>
      {isNew && <p className="wrong">{t("admin.responder_new")}</p>}
      <Form key={JSON.stringify(initial)} label={t("admin.responder")} fields={fields} initial={initial} action="admin.save" save={save} />
    </section>
  );
}
