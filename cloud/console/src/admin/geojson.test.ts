import { expect, test } from "vitest";

import { cornersOf, textOf } from "./geojson";

const RING = [
  [118.66, 37.42],
  [118.68, 37.42],
  [118.68, 37.44],
  [118.66, 37.42],
];
const CORNERS = RING.slice(0, 3).map(([lng, lat]) => ({ lat, lng }));
const polygon = { type: "Polygon", coordinates: [RING] };

test("one polygon is found in whatever map tools export", () => {
  const feature = { type: "Feature", properties: {}, geometry: polygon };
  const whole = { type: "FeatureCollection", features: [feature] };
  const multi = { type: "MultiPolygon", coordinates: [[RING]] };
  for (const one of [polygon, feature, whole, multi]) expect(cornersOf(JSON.stringify(one))).toEqual(CORNERS);
});

test("what is no single polygon without holes is not guessed at", () => {
  const two = { type: "FeatureCollection", features: [polygon, polygon] };
  const hole = { type: "Polygon", coordinates: [RING, RING] };
  const line = { type: "LineString", coordinates: RING };
  const swapped = { type: "Polygon", coordinates: [RING.map(([lng, lat]) => [lat, lng])] };
  for (const one of [two, hole, line, swapped, null, 3]) expect(cornersOf(JSON.stringify(one))).toBeNull();
  expect(cornersOf("{")).toBeNull();
});

test("corners are written as they are read", () => {
  const written = textOf(CORNERS.map(({ lat, lng }) => ({ lat: lat ?? 0, lon: lng ?? 0 })));
  expect(cornersOf(written)).toEqual(CORNERS);
  expect(textOf([])).toBe("");
});
