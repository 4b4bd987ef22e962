/** A step in words: its title, and what was measured. Pure. */
import type { Texts } from "../texts/texts";
import { age, instant, timeOfDay } from "../time/format";
import type { Step } from "./reading";

type Words = Pick<Texts, "t" | "term">;

export const GROUPS = ["gateway", "device", "alarm", "room", "hotline", "modem"] as const;
export type Group = (typeof GROUPS)[number];

const GROUP_OF: Readonly<Record<Step["kind"], Group>> = {
  gateway: "gateway",
  clock: "gateway",
  device: "device",
  alarm: "alarm",
  room: "room",
  hotline: "hotline",
  sms: "modem",
  voice: "modem",
};

export function groupOf(step: Step): Group {
  return GROUP_OF[step.kind];
}

/** What a person calls the device: a button by its role, else by the family in its id; with its room. */
export function nameOf(step: Step, { t, term }: Words): string {
  const family = step.subject.split("-")[0] ?? "";
  const known = term("source", family);
  const word = step.role === "sos" ? t("tech.sos_button") : known === family ? step.family || step.subject : known;
  return step.room === "" ? word : `${term("room", step.room)} · ${word}`;
}

export function titleOf(step: Step, words: Words): string {
  switch (step.kind) {
    case "device":
    case "alarm":
    case "hotline":
      return nameOf(step, words);
    case "room":
      return step.subject === "" ? words.t("tech.no_room") : words.term("room", step.subject);
    default:
      return words.t(`tech.kind.${step.kind}`);
  }
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

function signalOf(step: Step, { t }: Words): string | null {
  if (step.signal_dbm !== null) return t("tech.signal_dbm", { value: Math.round(step.signal_dbm) });
  if (step.signal_percent !== null) return t("tech.signal_percent", { value: Math.round(step.signal_percent) });
  return step.link_quality === null ? null : t("tech.signal_lqi", { value: Math.round(step.link_quality) });
}

function deviceFacts(step: Step, words: Words, nowMs: number): string[] {
  const { t } = words;
  const heard = instant(step.at);
  const found = age(nowMs - (heard ?? nowMs));
  return [
    signalOf(step, words) ?? t("tech.signal_none"),
    step.battery_percent === null ? t("tech.battery_none") : t("tech.battery", { value: Math.round(step.battery_percent) }),
    ...(heard === null ? [] : [t(`age.${found.unit}`, { count: found.count })]),
  ];
}

/** What was measured, in short phrases; empty where nothing was yet. */
export function factsOf(step: Step, words: Words, nowMs: number, zone: string): string[] {
  const { t, term } = words;
  const at = instant(step.at);
  const when = at === null ? [] : [timeOfDay(at, zone)];
  switch (step.kind) {
    case "gateway":
      return step.round_trip_ms === null ? [] : [t("tech.round_trip", { ms: step.round_trip_ms }), ...when];
    case "clock":
      return [
        ...(step.offset_ms === null ? [] : [t("tech.offset", { seconds: seconds(step.offset_ms) })]),
        ...(step.clock === null ? [] : [t("tech.clock_from", { source: term("clock_source", step.clock) })]),
      ];
    case "device":
      return deviceFacts(step, words, nowMs);
    case "alarm":
      return [
        ...(step.event === null ? [] : [term("event", step.event)]),
        ...(step.seen_s === null ? when : [t("tech.seen_s", { seconds: step.seen_s.toFixed(1) })]),
      ];
    case "hotline":
      return step.phones.length === 0 ? [] : [step.phones.join(" "), t("tech.sim", { number: step.number }), ...when];
    case "sms":
    case "voice":
      return step.number === "" ? [] : [step.number, ...when];
    default:
      return [];
  }
}
