/** The newest values as they may be shown: with their age, or as a dash with the reason. Never a value without age, never 0 for none. Pure. */
import type { LastReading } from "../api/client";
import { instant } from "../time/format";
import type { TextKey } from "../texts/texts";
import { bandOf, type Band } from "../trends/curves";

export interface Vital {
  kind: string;
  value: string | null;
  unit: string;
  atMs: number | null;
  device: string | null;
  /** Why there is no value. */
  why: TextKey | null;
  arrow: "up" | "down" | null;
  band: Band | null;
  /** Older than it can speak for the present. */
  old: boolean;
}

export interface State {
  kind: string;
  on: boolean;
  atMs: number;
}

const SHOWN = ["heart_rate", "resp_rate", "spo2", "blood_pressure", "body_temperature"] as const;
const STATES = ["in_bed", "presence", "motion", "door_open", "worn", "charging"] as const;
const OLD_MS = 15 * 60_000;
const UNITS: Readonly<Record<string, string>> = {
  "beat/min": "/min",
  "1/min": "/min",
  Cel: "℃",
  "mm[Hg]": "mmHg",
  "%EL": "%",
};

function newest(items: readonly LastReading[], kind: string): LastReading | null {
  let found: LastReading | null = null;
  for (const item of items) {
    if (item.kind === kind && (found === null || Date.parse(item.at) > Date.parse(found.at))) found = item;
  }
  return found;
}

function number(kind: string, value: number): string {
  return kind === "body_temperature" ? value.toFixed(1) : String(Math.round(value));
}

/** A unit as people write it. */
export function unitOf(unit: string): string {
  return UNITS[unit] ?? unit;
}

/** Why the device that last measured cannot measure now. */
function silentBecause(items: readonly LastReading[], device: string | undefined): TextKey | null {
  const state = (kind: string): number | undefined =>
    items.find((item) => item.kind === kind && (device === undefined || item.device === device))?.value;
  if (state("charging") === 1) return "vitals.charging";
  if (state("worn") === 0) return "vitals.not_worn";
  return device !== undefined && state("in_bed") === 0 ? "vitals.out_of_bed" : null;
}

function dash(kind: string, why: TextKey): Vital {
  return { kind, value: null, unit: "", atMs: null, device: null, why, arrow: null, band: null, old: false };
}

function vital(
  kind: string,
  items: readonly LastReading[],
  limits: Readonly<Record<string, unknown>>,
  nowMs: number,
): Vital {
  const item = newest(items, kind === "blood_pressure" ? "systolic" : kind);
  const silent = silentBecause(items, item?.device);
  if (item === null || silent !== null) return dash(kind, silent ?? "vitals.no_data");
  const diastolic = kind === "blood_pressure" ? newest(items, "diastolic") : null;
  const band = bandOf(limits, item.kind);
  const atMs = instant(item.at);
  return {
    kind,
    value: number(kind, item.value) + (diastolic === null ? "" : `/${number(kind, diastolic.value)}`),
    unit: unitOf(item.unit),
    atMs,
    device: item.device,
    why: null,
    arrow: band === null ? null : arrowOf(item.value, band),
    band,
    old: atMs === null || nowMs - atMs > OLD_MS,
  };
}

function arrowOf(value: number, band: Band): "up" | "down" | null {
  if (band.high !== null && value > band.high) return "up";
  return band.low !== null && value < band.low ? "down" : null;
}

export function vitalsOf(
  items: readonly LastReading[],
  limits: Readonly<Record<string, unknown>>,
  nowMs: number,
): Vital[] {
  return SHOWN.map((kind) => vital(kind, items, limits, nowMs));
}

/** Yes/no states that some device has told. */
export function statesOf(items: readonly LastReading[]): State[] {
  const found: State[] = [];
  for (const kind of STATES) {
    const item = newest(items, kind);
    const atMs = instant(item?.at);
    if (item !== null && atMs !== null) found.push({ kind, on: item.value >= 0.5, atMs });
  }
  return found;
}
