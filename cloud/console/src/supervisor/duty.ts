/** A duty schedule and a year's holidays as they are being edited. Pure. */
import type { components } from "../api/schema";
import { freshId } from "./policy";

export type Schedule = components["schemas"]["Schedule"];
export type ScheduleGiven = components["schemas"]["ScheduleGiven"];
export type Person = components["schemas"]["DutyPerson"];
export type DayKind = components["schemas"]["Shift"]["day_kind"];
export type DutyRole = Schedule["role"];

export const ROLES: readonly DutyRole[] = ["supervisor", "duty_manager", "responder"];
export const DAY_KINDS: readonly DayKind[] = ["any", "workday", "day_off"];
export const WEEKDAYS = [1, 2, 3, 4, 5, 6, 7] as const;

export interface ShiftDraft {
  key: string;
  weekdays: readonly number[];
  starts: string;
  ends: string;
  day_kind: DayKind;
  first: string;
  last: string;
  staff: readonly string[];
}

export interface ScheduleDraft {
  id: string;
  version: number;
  name: string;
  role: DutyRole;
  area: string;
  org_id: string | null;
  shifts: readonly ShiftDraft[];
}

export function scheduleDraft(one: Schedule): ScheduleDraft {
  return {
    id: one.id,
    version: one.version,
    name: one.name,
    role: one.role,
    area: one.area_code,
    org_id: one.org_id,
    shifts: one.shifts.map((shift, place) => ({
      key: `${one.version}-${place}`,
      weekdays: shift.weekdays,
      starts: shift.starts,
      ends: shift.ends,
      day_kind: shift.day_kind,
      first: shift.first_day ?? "",
      last: shift.last_day ?? "",
      staff: shift.staff,
    })),
  };
}

export function freshShift(): ShiftDraft {
  const everyDay = { weekdays: [...WEEKDAYS], day_kind: "any" as const };
  return { key: freshId(), ...everyDay, starts: "08:00", ends: "20:00", first: "", last: "", staff: [] };
}

/** 24 h, whatever the browser's own language writes in its time fields. */
const CLOCK = /^([01]\d|2[0-3]):[0-5]\d$/;

export type DutyWrong = "name" | "area" | "hours" | "weekdays" | "days" | "staff";

/** What is wrong, by field: `name`, `area`, `hours:KEY`, `weekdays:KEY`, `days:KEY`, `staff:KEY`. */
export function scheduleMistakes(draft: ScheduleDraft): ReadonlyMap<string, DutyWrong> {
  const found = new Map<string, DutyWrong>();
  if (draft.name.trim() === "") found.set("name", "name");
  if (!/^\d{0,12}$/.test(draft.area)) found.set("area", "area");
  for (const shift of draft.shifts) {
    if (!CLOCK.test(shift.starts) || !CLOCK.test(shift.ends)) found.set(`hours:${shift.key}`, "hours");
    if (shift.weekdays.length === 0) found.set(`weekdays:${shift.key}`, "weekdays");
    if (shift.first !== "" && shift.last !== "" && shift.last < shift.first) found.set(`days:${shift.key}`, "days");
    if (shift.staff.length === 0) found.set(`staff:${shift.key}`, "staff");
  }
  return found;
}

export function scheduleGiven(draft: ScheduleDraft, retired: boolean): ScheduleGiven {
  return {
    version: draft.version,
    name: draft.name.trim(),
    role: draft.role,
    area_code: draft.area,
    org_id: draft.org_id,
    retired,
    shifts: draft.shifts.map((shift) => ({
      weekdays: [...shift.weekdays],
      starts: shift.starts,
      ends: shift.ends,
      day_kind: shift.day_kind,
      first_day: shift.first === "" ? null : shift.first,
      last_day: shift.last === "" ? null : shift.last,
      staff: [...shift.staff],
    })),
  };
}

export interface HolidayDraft {
  key: string;
  day: string;
  name: string;
  off: boolean;
}

/** Keys of days that are not of the year, or are there twice. */
export function holidayMistakes(days: readonly HolidayDraft[], year: number): ReadonlySet<string> {
  const seen = new Set<string>();
  const wrong = new Set<string>();
  for (const { key, day } of days) {
    if (!day.startsWith(`${year}-`) || seen.has(day)) wrong.add(key);
    seen.add(day);
  }
  return wrong;
}
