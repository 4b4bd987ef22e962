/** A policy as it is being edited, what is wrong with it, and how it goes to the API. Pure. */
import type { components } from "../api/schema";

export type Policy = components["schemas"]["Policy"];
export type PolicyGiven = components["schemas"]["PolicyGiven"];
type Given = components["schemas"]["StepShape"];
export type Target = Given["target"];
export type Channel = NonNullable<Given["channels"]>[number];

export const TARGETS: readonly Target[] = [
  "all_seats",
  "supervisor_screen",
  "supervisors",
  "duty_manager",
  "contacts",
  "responders",
];
export const CHANNELS: readonly Channel[] = ["voice", "sms", "wechat", "email"];
const SCREENS: ReadonlySet<Target> = new Set<Target>(["all_seats", "supervisor_screen"]);
const ON_DUTY: ReadonlySet<Target> = new Set<Target>(["supervisors", "duty_manager", "responders"]);
const DAY_S = 86_400;
const LEAST_REPEAT_S = 30;

export interface StepDraft {
  /** Keeps its row while others come and go. */
  key: string;
  delay: string;
  target: Target;
  channels: readonly Channel[];
  repeats: boolean;
}

export interface PolicyDraft {
  id: string;
  version: number;
  name: string;
  priority: 1 | 2;
  area: string;
  org_id: string | null;
  resident_id: string | null;
  repeat: string;
  again: string;
  steps: readonly StepDraft[];
}

export function draftOf(policy: Policy): PolicyDraft {
  return {
    id: policy.id,
    version: policy.version,
    name: policy.name,
    priority: policy.priority,
    area: policy.area_code,
    org_id: policy.org_id,
    resident_id: policy.resident_id,
    repeat: policy.repeat_every_s === null ? "" : String(policy.repeat_every_s),
    again: String(policy.again_factor),
    steps: policy.steps.map((step, place) => ({
      key: `${policy.version}-${place}`,
      delay: String(step.delay_s),
      target: step.target,
      channels: step.channels,
      repeats: step.repeats,
    })),
  };
}

export type Wrong = "name" | "area" | "repeat" | "again" | "delay" | "no_channel" | "screen" | "weak" | "no_steps" | "nobody";
/** What is wrong, by field: `name`, `area`, `repeat`, `again`, `steps`, `delay:KEY`, `channels:KEY`. */
export type Mistakes = ReadonlyMap<string, Wrong>;

function whole(text: string, least: number): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= least && Number(text) <= DAY_S;
}

function channelMistake(step: StepDraft): Wrong | null {
  if (SCREENS.has(step.target)) return step.channels.length > 0 ? "screen" : null;
  if (step.channels.length === 0) return "no_channel";
  return step.channels.some((channel) => channel === "voice" || channel === "sms") ? null : "weak";
}

/** The same rules as the server's, told beside each field before it is asked. */
export function mistakesOf(draft: PolicyDraft): Mistakes {
  const found = new Map<string, Wrong>();
  if (draft.name.trim() === "") found.set("name", "name");
  if (!/^\d{0,12}$/.test(draft.area)) found.set("area", "area");
  if (draft.repeat !== "" && !whole(draft.repeat, LEAST_REPEAT_S)) found.set("repeat", "repeat");
  const again = Number(draft.again);
  if (!(again > 0 && again <= 1)) found.set("again", "again");
  for (const step of draft.steps) {
    if (!whole(step.delay, 0)) found.set(`delay:${step.key}`, "delay");
    const wrong = channelMistake(step);
    if (wrong !== null) found.set(`channels:${step.key}`, wrong);
  }
  if (draft.steps.length === 0) found.set("steps", "no_steps");
  else if (!draft.steps.some((step) => ON_DUTY.has(step.target))) found.set("steps", "nobody");
  return found;
}

/** A draft without mistakes as the API takes it. */
export function givenOf(draft: PolicyDraft, retired: boolean): PolicyGiven {
  return {
    version: draft.version,
    name: draft.name.trim(),
    priority: draft.priority,
    area_code: draft.area,
    org_id: draft.org_id,
    resident_id: draft.resident_id,
    repeat_every_s: draft.repeat === "" ? null : Number(draft.repeat),
    again_factor: Number(draft.again),
    retired,
    steps: draft.steps.map((step) => ({
      delay_s: Number(step.delay),
      target: step.target,
      channels: [...step.channels],
      repeats: step.repeats,
    })),
  };
}

/** Another target keeps the channels only where it takes any. */
export function retarget(step: StepDraft, target: Target): StepDraft {
  if (SCREENS.has(target)) return { ...step, target, channels: [] };
  return { ...step, target, channels: step.channels.length > 0 ? step.channels : ["voice", "sms"] };
}

/** A random UUID; works on plain http, where crypto.randomUUID is missing. */
export function freshId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte, place) => {
    if (place === 6) return ((byte & 0x0f) | 0x40).toString(16).padStart(2, "0");
    if (place === 8) return ((byte & 0x3f) | 0x80).toString(16).padStart(2, "0");
    return byte.toString(16).padStart(2, "0");
  }).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
