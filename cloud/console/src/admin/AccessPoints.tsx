import type { ReactElement } from "react";

import { answered, api } from "../api/client";
import { useTexts } from "../texts/texts";
import { Form, type Field, type Filled } from "./Form";
import { readAgain, type readHome } from "./places";

type HomeDetail = Awaited<ReturnType<typeof readHome>>;

/** The addresses of the home's own Wi-Fi, one a line: a watch that hears one is at home. */
export function AccessPoints({ home }: { home: HomeDetail }): ReactElement {
  const { t } = useTexts();
  const fields: readonly Field[] = [
    { name: "access_points", label: "wifi.addresses", kind: "area", wide: true, hint: t("wifi.hint") },
  ];
  const save = async (values: Filled): Promise<void> => {
    const access_points = (values["access_points"] ?? "").split(/[\n,;，；、]+/).map((line) => line.trim()).filter(Boolean);
    const body = { revision: home.revision, access_points };
    await answered(api.PUT("/api/v1/homes/{home_id}/access-points", { params: { path: { home_id: home.id } }, body }));
    await readAgain();
  };
  return (
    <section>
      <h3>{t("wifi.title")}</h3>
      <p>{t("wifi.how")}</p>
      <Form label={t("wifi.title")} fields={fields} initial={{ access_points: home.access_points.join("\n") }} action="admin.save" save={save} />
    </section>
  );
}
