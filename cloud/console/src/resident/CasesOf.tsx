import type { ReactElement } from "react";

import { useSeat } from "../desk/context";
import { openCase } from "../desk/state";
import { Mark } from "../look/Mark";
import { Panel } from "../look/Panel";
import { titleOf } from "../queue/wording";
import { useTexts, type TextKey } from "../texts/texts";
import { dateAndTime, instant } from "../time/format";
import { useCasesOf } from "./queries";

/** The cases of an elder or a bed, newest first; each opens. */
export function CasesOf({ what, id }: { what: "resident" | "bed"; id: string }): ReactElement {
  const texts = useTexts();
  const { t } = texts;
  const zone = useSeat().config.time_zone;
  const cases = useCasesOf(what, id);
  return (
    <Panel name="past-cases" title={t("resident.cases")}>
      {cases.isError && <p className="label">{t("resident.unreadable")}</p>}
      {cases.data?.length === 0 && <p className="label">{t("resident.no_cases")}</p>}
      <ul className="lines">
        {(cases.data ?? []).map((item) => (
          <li key={item.id}>
            <button type="button" className="link-button" onClick={() => openCase(item.id)}>
              <Mark priority={item.priority} size={18} /> {titleOf(item, texts)}
            </button>
            <span>{dateAndTime(instant(item.opened_at) ?? 0, zone)}</span>
            <span className="label">
              {item.disposition === null ? t(`state.${item.state}` as TextKey) : t(`disposition.${item.disposition}` as TextKey)}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
