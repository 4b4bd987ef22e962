/** What a map says, in words: the map is never the only source. Pure. */
import type { Schemas } from "../api/client";
import type { Key, Texts } from "../texts/texts";
import { age, instant } from "../time/format";
import type { Going, Scene } from "./scene";

export type Whereabouts = Schemas["Whereabouts"];

const KILOMETRE = 1000;

export function distance(metres: number, t: Texts["t"]): string {
  return metres < KILOMETRE
    ? t("map.from_home_m", { metres })
    : t("map.from_home_km", { km: (metres / KILOMETRE).toFixed(1) });
}

/** The fix with its age and accuracy, inside or outside, how far from home; or why there is none. */
export function wordsOf(found: Whereabouts, nowMs: number, t: Texts["t"]): string[] {
  const { fix, home } = found;
  if (fix === null) return [t("map.no_fix"), ...(home === null ? [t("map.no_home")] : [])];
  const { count, unit } = age(nowMs - (instant(fix.at) ?? nowMs));
  const words = [t("map.band"), t(`age.${unit}` as Key, { count })];
  if (fix.source === "home") return [...words, t("map.home_wifi")];
  if (fix.accuracy_m !== null) words.push(t("map.accuracy", { metres: Math.round(fix.accuracy_m) }));
  if (fix.inside !== null) words.push(t(fix.inside ? "map.inside" : "map.outside"));
  words.push(fix.distance_m === null ? t("map.no_home") : distance(fix.distance_m, t));
  return words;
}

export function sceneOf({ home, fence, ring, fix }: Whereabouts, responders: readonly Going[]): Scene {
  return {
    home: home === null ? null : { at: home, label: home.label },
    fence: fence === null ? null : { at: fence, radiusM: fence.radius_m },
    ring,
    fix: fix === null ? null : { at: fix, accuracyM: fix.accuracy_m },
    responders,
  };
}
