/** Which live cases may be one with a case of one's own. Pure. */
import type { CaseSummary } from "../api/client";
import { phaseOf } from "../queue/phase";

function sameElderOrDoor(one: CaseSummary, other: CaseSummary): boolean {
  if (one.resident !== null && one.resident.id === other.resident?.id) return true;
  const place = one.place?.text ?? "";
  return place !== "" && place === other.place?.text;
}

/** Of nobody known yet: a call or a watch without a home may belong to any elder. */
function ofNobody(item: CaseSummary): boolean {
  return item.resident === null && item.place === null && item.subject_kind !== "area";
}

/** Cases of the same class and elder or door (or of nobody known), that are not over and stand for no others. */
export function mergeable(into: CaseSummary, live: Iterable<CaseSummary>): CaseSummary[] {
  return [...live].filter((item) => {
    const phase = phaseOf(item);
    const working = phase === "waiting" || phase === "held";
    if (item.id === into.id || item.class !== into.class || !working || item.children > 0) return false;
    return sameElderOrDoor(into, item) || ofNobody(item) || (ofNobody(into) && item.class === "care");
  });
}

/** Whether a case may be set aside: technical, never of the first level, never where a life hangs on the mains. */
export function shelvable(item: CaseSummary): boolean {
  const life = item.priority < 3 && item.kinds.includes("mains_lost");
  return item.class === "technical" && item.priority > 1 && !life;
}
