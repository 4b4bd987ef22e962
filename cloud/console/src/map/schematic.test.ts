import { expect, test } from "vitest";

import { schematic, type Feature, type Position } from "./schematic";

const CENTRE = { lat: 37.3812, lon: 118.0125 };

function positions(feature: Feature): Position[] {
  return (feature.geometry.coordinates as unknown[]).flat(3).length === 0
    ? []
    : JSON.parse(`[${JSON.stringify(feature.geometry.coordinates).match(/\[-?[\d.e-]+,-?[\d.e-]+\]/g)?.join(",")}]`);
}

test("the town is the same at every look", () => {
  expect(schematic(CENTRE, 800)).toEqual(schematic(CENTRE, 800));
});

test("a place keeps its name when the view moves on", () => {
  const names = (at: typeof CENTRE): Map<string, string | undefined> =>
    new Map(schematic(at, 900).places.map((one) => [JSON.stringify(one.geometry.coordinates), one.properties.name]));
  const here = names(CENTRE);
  const there = names({ lat: 37.3842, lon: 118.0165 });
  const both = [...here.keys()].filter((key) => there.has(key));
  expect(both.length).toBeGreaterThan(10);
  expect(both.every((key) => here.get(key) === there.get(key))).toBe(true);
});

test("everything lies around the centre, on land and sea, north and south", () => {
  for (const centre of [CENTRE, { lat: 45.8, lon: 126.5 }, { lat: 20.04, lon: 110.2 }]) {
    const made = schematic(centre, 1000);
    const all = [...made.roads, ...made.areas, ...made.places].flatMap(positions);
    expect(all.length).toBeGreaterThan(500);
    expect(all.every(([lon, lat]) => Math.abs(lat - centre.lat) < 0.03 && Math.abs(lon - centre.lon) < 0.04)).toBe(true);
  }
});

test("there are streets, estates, parks and a river not far away", () => {
  const made = schematic(CENTRE, 3000);
  expect(new Set(made.areas.map((one) => one.properties.kind))).toEqual(new Set(["estate", "park", "public", "water"]));
  expect(new Set(made.roads.map((one) => one.properties.kind))).toEqual(new Set(["main", "minor"]));
});
