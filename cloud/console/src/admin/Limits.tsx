import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";

import { answered, api } from "../api/client";
import { useTexts, type Texts } from "../texts/texts";
import { Form, reasonOf, Refused, type Field, type Filled } from "./Form";
import { readAgain } from "./places";

const readLimits = (id: string) => answered(api.GET("/api/v1/residents/{resident_id}/limits", { params: { path: { resident_id: id } } }));
type Kept = Awaited<ReturnType<typeof readLimits>>;
type Own = Kept["limits"];
type Kind = keyof NonNullable<Own["bands"]>;

const KINDS = [
  ["heart_rate", "/min"],
  ["resp_rate", "/min"],
  ["spo2", "%"],
  ["systolic", "mmHg"],
  ["diastolic", "mmHg"],
  ["body_temperature", "℃"],
  ["glucose", "mmol/L"],
  ["weight", "kg"],
] as const;
const EDGES = ["urgent_low", "low", "high", "urgent_high"] as const;
type Edge = (typeof EDGES)[number];

const nameOf = (kind: string, edge: Edge): string => `${kind}.${edge}`;

/** A number as it was typed; raises Refused for what is none. */
function numberOf(text: string | undefined, t: Texts["t"]): number | null {
  if (text === undefined || text === "") return null;
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Refused(t("limits.no_number", { text }));
  return value;
}

function bandsOf(values: Filled, t: Texts["t"]): NonNullable<Own["bands"]> {
  const bands: NonNullable<Own["bands"]> = {};
  for (const [kind] of KINDS) {
    const given = EDGES.map((edge) => [edge, numberOf(values[nameOf(kind, edge)], t)] as const).filter(([, value]) => value !== null);
    const numbers = given.map(([, value]) => value ?? 0);
    if (numbers.some((value, index) => index > 0 && value < (numbers[index - 1] ?? value))) {
      throw new Refused(t("limits.not_rising", { what: t(`reading.${kind}`) }));
    }
    if (given.length > 0) bands[kind] = Object.fromEntries(given);
  }
  return bands;
}

function bodyOf(values: Filled, t: Texts["t"]): Own {
  const doctor = values["ordered_by"] ?? "";
  const scale = values["spo2_scale"] === "2" ? 2 : 1;
  const oxygen = values["oxygen"] === "yes";
  if (doctor === "" && (scale === 2 || oxygen)) throw new Refused(t("limits.who_ordered"));
  const fence = values["fence"] ?? "";
  return {
    bands: bandsOf(values, t),
    news2: doctor === "" ? null : { spo2_scale: scale, oxygen, ordered_by: doctor },
    bed_return_min: numberOf(values["bed_return_min"], t),
    door_open_min: numberOf(values["door_open_min"], t),
    inactivity_h: numberOf(values["inactivity_h"], t),
    fence: fence === "" ? null : (fence as "urgent" | "attention" | "off"),
    high_risk: values["high_risk"] === "yes" ? true : null,
    note: values["note"] ?? "",
  };
}

function Bands({ kept }: { kept: Kept }): ReactElement {
  const { t } = useTexts();
  const own = kept.limits.bands ?? {};
  return (
    <table className="register wide" aria-label={t("limits.bands")}>
      <thead>
        <tr>
          <th scope="col">{t("limits.what")}</th>
          {EDGES.map((edge) => (
            <th key={edge} scope="col">{t(`limits.${edge}`)}</th>
          ))}
          <th scope="col">{t("limits.product")}</th>
        </tr>
      </thead>
      <tbody>
        {KINDS.map(([kind, unit]) => (
          <tr key={kind}>
            <th scope="row">{t(`reading.${kind}`)} <span className="aside">{unit}</span></th>
            {EDGES.map((edge) => (
              <td key={edge}>
                <input name={nameOf(kind, edge)} inputMode="decimal" autoComplete="off" aria-label={`${t(`reading.${kind}`)} ${t(`limits.${edge}`)}`} defaultValue={own[kind as Kind]?.[edge] ?? ""} />
              </td>
            ))}
            <td className="aside">{`${kept.product[kind]?.low ?? "—"} … ${kept.product[kind]?.high ?? "—"}`}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function useFields(): readonly Field[] {
  const { t } = useTexts();
  const scales = [["1", t("limits.scale_1")], ["2", t("limits.scale_2")]] as const;
  const fences = (["urgent", "attention", "off"] as const).map((one) => [one, t(`limits.fence_${one}`)] as const);
  return [
    { name: "spo2_scale", label: "limits.scale", kind: "select", options: scales, required: true },
    { name: "ordered_by", label: "limits.ordered_by", hint: t("limits.ordered_hint") },
    { name: "oxygen", label: "limits.oxygen", kind: "check" },
    { name: "high_risk", label: "limits.high_risk", kind: "check" },
    { name: "bed_return_min", label: "limits.bed_return" },
    { name: "door_open_min", label: "limits.door_open" },
    { name: "inactivity_h", label: "limits.inactivity" },
    { name: "fence", label: "limits.fence", kind: "select", options: fences },
    { name: "note", label: "limits.note", wide: true },
  ];
}

const text = (value: number | string | null | undefined): string => String(value ?? "");

/** An elder's own limits: what the rules judge by in place of the product's numbers. */
export function Limits({ resident }: { resident: string }): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const fields = useFields();
  const found = useQuery({ queryKey: ["admin", "limits", resident], queryFn: () => readLimits(resident), retry: false });
  const kept = found.data;
  if (found.isError) return <p role="alert">{reasonOf(found.error, texts)}</p>;
  if (kept === undefined) return <p role="status">{t("admin.loading")}</p>;
  const { news2, bed_return_min, door_open_min, inactivity_h, fence, high_risk, note } = kept.limits;
  const save = async (values: Filled): Promise<void> => {
    const params = { path: { resident_id: resident }, query: { revision: kept.revision } };
    await answered(api.PUT("/api/v1/residents/{resident_id}/limits", { params, body: bodyOf(values, t) }));
    await readAgain();
  };
  const initial = {
    spo2_scale: text(news2?.spo2_scale ?? 1), ordered_by: text(news2?.ordered_by), oxygen: news2?.oxygen === true ? "yes" : "",
    high_risk: high_risk === true ? "yes" : "", bed_return_min: text(bed_return_min), door_open_min: text(door_open_min),
    inactivity_h: text(inactivity_h), fence: text(fence), note: text(note),
  };
  return (
    <>
      <p>{t("limits.how")}</p>
      {kept.not_understood.length > 0 && <p className="wrong">{t("limits.not_understood", { names: kept.not_understood.join(t("and")) })}</p>}
      <Form key={kept.revision} label={t("admin.limits")} fields={fields} initial={initial} action="admin.save" save={save}>
        <Bands kept={kept} />
      </Form>
    </>
  );
}
