import { expect, test } from "vitest";

import vectors from "./datum.test.data.json";
import { fromBasemap, toBasemap, type Crs, type Wgs } from "./datum";

const METRES = 111_320;

function metres(a: readonly number[], b: readonly number[]): number {
  const [latA = 0, lonA = 0] = a;
  const [latB = 0, lonB = 0] = b;
  return Math.hypot(latA - latB, (lonA - lonB) * Math.cos((latA * Math.PI) / 180)) * METRES;
}

const DRAWN: readonly [Crs, "wgs84" | "gcj02" | "bd09"][] = [
  ["WGS84", "wgs84"],
  ["GCJ02", "gcj02"],
  ["BD09", "bd09"],
];

test.each(vectors)("the golden vector $wgs84 is drawn where the server's conversion says", (vector) => {
  const [lat = 0, lon = 0] = vector.wgs84;
  for (const [crs, name] of DRAWN) {
    expect(metres(toBasemap({ lat, lon }, crs), vector[name]), crs).toBeLessThan(0.01);
  }
});

test.each(vectors)("and $wgs84 comes back within a metre", (vector) => {
  const [lat = 0, lon = 0] = vector.wgs84;
  for (const [crs] of DRAWN) {
    const [mapLat, mapLng] = toBasemap({ lat, lon }, crs);
    const back = fromBasemap({ lat: mapLat, lng: mapLng }, crs);
    expect(metres([back.lat, back.lon], vector.wgs84), crs).toBeLessThan(1);
  }
});

test("what is given is not changed", () => {
  const given: Wgs = Object.freeze({ lat: 37.3812, lon: 118.0125 });
  toBasemap(given, "GCJ02");
  expect(given).toEqual({ lat: 37.3812, lon: 118.0125 });
});
