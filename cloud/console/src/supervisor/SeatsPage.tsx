import type { ReactElement } from "react";

import { answered, api } from "../api/client";
import { useSeat } from "../desk/context";
import { Panel } from "../look/Panel";
import { useTexts, type Key } from "../texts/texts";
import { instant, timeOfDay } from "../time/format";
import { GapsPanel } from "./GapsPanel";
import { HeldPanel, WaitingPanel } from "./CasesPanels";
import { Bar, Read, serverNow, useChief } from "./reading";

const SEATS_EVERY_S = 5;
const LOAD_EVERY_S = 60;
const HOUR_MS = 3_600_000;
/** Alarms an hour for a seat: what is good, and what is too much (EEMUA 191). */
const LOAD_MARKS = [6, 12] as const;

async function readSeats() {
  const [seats, phones] = await Promise.all([
    answered(api.GET("/api/v1/seats", { params: { query: {} } })),
    answered(api.GET("/api/v1/telephony/seats", { params: { query: {} } })),
  ]);
  const states = new Map(phones.items.map((phone) => [phone.seat_id, phone.state]));
  return { seats: seats.items, phones: states };
}

type Present = Awaited<ReturnType<typeof readSeats>>;
type SeatRow = Present["seats"][number];
type PhoneState = ReturnType<Present["phones"]["get"]>;

/** Alarms an hour of each seat in the last hour, by seat. */
async function readLoad(nowMs: number): Promise<Map<string, number | null>> {
  const span = { from: new Date(nowMs - HOUR_MS).toISOString(), to: new Date(nowMs).toISOString() };
  const found = await answered(api.GET("/api/v1/kpi", { params: { query: { ...span, group: "seat" } } }));
  return new Map(found.groups.map((group) => [group.key, group.figures.load_per_hour]));
}

function Load({ value }: { value: number | null | undefined }): ReactElement {
  const { t } = useTexts();
  if (value === null || value === undefined) return <>{t("none")}</>;
  const over = LOAD_MARKS.findLast((mark) => value > mark);
  return (
    <span className="metered">
      <b>{value.toFixed(1)}</b>
      {over !== undefined && <span className="tag tag-strong chief-tag">{t("seats.load_over", { mark: over })}</span>}
      <Bar value={value} most={15} marks={LOAD_MARKS} />
    </span>
  );
}

interface RowProps {
  seat: SeatRow;
  phoneState: PhoneState;
  load: number | null | undefined;
}

function Row({ seat, phoneState, load }: RowProps): ReactElement {
  const { t } = useTexts();
  const zone = useSeat().config.time_zone;
  const phone: Key = `wall.phone.${seat.talking ? "talking" : (phoneState ?? "none")}`;
  return (
    <tr>
      <th scope="row">{seat.name}</th>
      <td>{t(`role.${seat.role}`)}</td>
      <td>{timeOfDay(instant(seat.since) ?? 0, zone)}</td>
      <td>{t(phone)}</td>
      <td>
        <span className={seat.sound ? undefined : "tag tag-strong chief-tag"}>
          {t(seat.sound ? "seats.sound_on" : "seats.sound_off")}
        </span>
      </td>
      <td className="number">{seat.cases}</td>
      <td>
        <Load value={load} />
      </td>
    </tr>
  );
}

function SeatTable({ here, load }: { here: Present; load: Map<string, number | null> | undefined }): ReactElement {
  const { seats, phones } = here;
  const { t } = useTexts();
  if (seats.length === 0) return <p className="label">{t("seats.none")}</p>;
  return (
    <table className="chief-table">
      <thead>
        <tr>
          {(["name", "role", "since", "phone", "sound", "cases", "load"] as const).map((column) => (
            <th key={column} scope="col">
              {t(`seats.${column}`)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {seats.map((seat) => (
          <Row key={seat.seat_id} seat={seat} phoneState={phones.get(seat.seat_id)} load={load?.get(seat.seat_id)} />
        ))}
      </tbody>
    </table>
  );
}

/** Who sits where with what in hand, what waits, and where the chain has holes. */
export function SeatsPage(): ReactElement {
  const { t } = useTexts();
  const seats = useChief(["seats"], readSeats, SEATS_EVERY_S);
  const load = useChief(["load"], () => readLoad(serverNow()), LOAD_EVERY_S);
  return (
    <div className="chief-seats">
      <Panel name="seats" title={t("seats.title")} aside={t("seats.load_hint")}>
        <Read of={seats}>{(here) => <SeatTable here={here} load={load.data} />}</Read>
      </Panel>
      <WaitingPanel />
      <HeldPanel />
      <GapsPanel />
    </div>
  );
}
