import { expect, test } from "vitest";

import { wordsOf, type Whereabouts } from "./words";

const said = (key: string): string => key;
const AT = "2026-01-01T02:10:00.000Z";

function found(source: "gnss" | "home"): Whereabouts {
  const fix = { device: "watch-1", lat: 37.4, lon: 118, accuracy_m: 50, at: AT, source, inside: true, distance_m: 4 };
  return { home: { lat: 37.4, lon: 118, label: "" }, fence: null, ring: null, fix };
}

test("who is on the home's Wi-Fi is at home, which says more than metres", () => {
  expect(wordsOf(found("home"), Date.parse(AT), said)).toEqual(["map.band", "age.seconds", "map.home_wifi"]);
  expect(wordsOf(found("gnss"), Date.parse(AT), said)).toContain("map.inside");
});
