import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState, type ReactElement } from "react";

import { useSeat } from "../desk/context";
import { useDesk } from "../desk/state";
import { Panel } from "../look/Panel";
import { useTexts } from "../texts/texts";
import { AnswersPanel, DevicesPanel, MixPanel, PromisesPanel } from "./KpiPanels";
import { KpiGroups } from "./KpiGroups";
import { GROUPS, readKpi, type Group } from "./kpi";
import { Read, serverNow } from "./reading";
import { PERIODS, spanOf, type Period } from "./span";

interface Choice {
  period: Period;
  group: Group;
  area: string;
}

interface ChoicesProps {
  choice: Choice;
  choose: (part: Partial<Choice>) => void;
  districts: readonly { key: string; label: string }[];
  query: string;
}

function Choices({ choice, choose, districts, query }: ChoicesProps): ReactElement {
  const { t } = useTexts();
  return (
    <div className="chief-choices">
      <label className="field inline">
        <span className="label">{t("kpi.period")}</span>
        <select value={choice.period} onChange={(event) => choose({ period: event.target.value as Period })}>
          {PERIODS.map((period) => (
            <option key={period} value={period}>
              {t(`kpi.period.${period}`)}
            </option>
          ))}
        </select>
      </label>
      <label className="field inline">
        <span className="label">{t("kpi.area")}</span>
        <select value={choice.area} onChange={(event) => choose({ area: event.target.value })}>
          <option value="">{t("kpi.area.all")}</option>
          {districts.map((one) => (
            <option key={one.key} value={one.key}>
              {one.label}
            </option>
          ))}
        </select>
      </label>
      <label className="field inline">
        <span className="label">{t("kpi.group")}</span>
        <select value={choice.group} onChange={(event) => choose({ group: event.target.value as Group })}>
          {GROUPS.map((group) => (
            <option key={group} value={group}>
              {t(`kpi.group.${group}`)}
            </option>
          ))}
        </select>
      </label>
      <a className="plain link-like" href={`/api/v1/kpi.csv?${query}`} download>
        {t("kpi.csv")}
      </a>
      <a className="plain link-like" href={`/api/v1/kpi.xlsx?${query}`} download>
        {t("kpi.xlsx")}
      </a>
    </div>
  );
}

/** The desk's figures of a period, beside the promises; both denominators; to take away as a file. */
export function KpiPage(): ReactElement {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const [choice, setChoice] = useState<Choice>({ period: "today", group: "seat", area: "" });
  const known = useDesk((state) => state.nowMs !== null);
  const span = useMemo(
    () => (known ? spanOf(choice.period, serverNow(), zone) : null),
    [known, choice.period, zone],
  );
  const report = useQuery({
    queryKey: ["chief", "kpi", span, choice.group, choice.area],
    queryFn: () => readKpi(span ?? { from: "", to: "" }, choice.group, choice.area),
    enabled: span !== null,
    placeholderData: keepPreviousData,
  });
  const districts = useQuery({
    queryKey: ["chief", "districts", span],
    queryFn: async () => (await readKpi(span ?? { from: "", to: "" }, "district", "")).groups,
    enabled: span !== null,
  });
  const asked = { ...span, group: choice.group, ...(choice.area === "" ? {} : { area: choice.area }) };
  const query = new URLSearchParams(asked).toString();
  return (
    <div className="chief-kpi">
      <Choices
        choice={choice}
        choose={(part) => setChoice({ ...choice, ...part })}
        districts={(districts.data ?? []).filter((one) => /^\d+$/.test(one.key))}
        query={query}
      />
      <Read of={report}>
        {(found) => (
          <>
            <PromisesPanel report={found} />
            <AnswersPanel total={found.total} />
            <MixPanel total={found.total} />
            <DevicesPanel total={found.total} />
            <Panel name="kpi-groups" title={`${t("kpi.groups")} · ${t(`kpi.group.${choice.group}`)}`}>
              <KpiGroups groups={found.groups} />
            </Panel>
          </>
        )}
      </Read>
    </div>
  );
}
