/** How a case is named in a row, a bar, a button: plain words, not codes. */
import type { CaseSummary } from "../api/client";
import { gravestFirst, type TextKey, type Texts } from "../texts/texts";

/** "紧急求助 + 跌倒" */
export function titleOf(item: CaseSummary, { term }: Texts): string {
  return gravestFirst(item.kinds)
    .map((kind) => term("event", kind))
    .join(" + ");
}

/** About the system itself or a whole area: nobody's name and door are missing. */
export function isOurs(item: CaseSummary): item is CaseSummary & { subject_kind: "area" | "system" } {
  return item.class === "technical" && (item.subject_kind === "area" || item.subject_kind === "system");
}

export function nameOf(item: CaseSummary, { t }: Texts): string {
  if (item.resident !== null) return item.resident.name;
  if (item.subject_kind === "gateway") return t("case.gateway", { id: item.subject_id });
  return isOurs(item) ? t(`case.${item.subject_kind}`) : t("case.unknown_resident");
}

/** "女 82岁" */
export function personOf(item: CaseSummary, { t }: Texts): string {
  const resident = item.resident;
  if (resident === null) return "";
  const sex = t(`sex.${resident.sex}` as TextKey);
  return resident.age === null ? sex : `${sex} ${t("case.years", { age: resident.age })}`;
}

/** "桂花苑 3栋2单元601": without the area, down to the door. */
export function doorOf(item: CaseSummary): string {
  const place = item.place;
  if (place === null) return "";
  const door = `${place.building}${place.unit}${place.room}`;
  return [place.compound, door].filter((part) => part !== "").join(" ") || place.text;
}

/** What one would say aloud to tell this case from the others. */
export function whoAndWhat(item: CaseSummary, texts: Texts): string {
  return `${nameOf(item, texts)} ${titleOf(item, texts)}`;
}

/** How often the same source told the same thing: activations beyond one for each alarm. 1 is none. */
export function repeatsOf(item: CaseSummary): number {
  return Math.max(1, item.repeats - item.alarm_count + 1);
}
