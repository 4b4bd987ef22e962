import type { ReactElement } from "react";

import { BedView } from "./BedView";
import { ResidentView } from "./ResidentView";
import type { Looked as LookedAt } from "./state";

/** An elder or a bed, in place of the quiet desk. */
export function Looked({ looked: { what, id } }: { looked: LookedAt }): ReactElement {
  return what === "resident" ? <ResidentView key={id} id={id} /> : <BedView key={id} id={id} />;
}
