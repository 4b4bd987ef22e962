/** Draws the three GeoJSON layers: a few paths of many parts, coloured by the style sheet; names are left to the labels. */
import * as L from "leaflet";

import { toBasemap, type MapPoint } from "./datum";
import type { Feature, Position } from "./schematic";

export interface Name {
  text: string;
  kind: "place" | "road";
  /** Where it may stand: the place itself, or points along the road. */
  at: readonly MapPoint[];
}

const WIDTHS_M: Readonly<Record<string, number>> = { main: 16, minor: 8 };
const AREAS = ["estate", "public", "park", "water"];

// The layers are WGS-84, and so is what they are drawn on.
const point = ([lon, lat]: Position): MapPoint => toBasemap({ lat, lon }, "WGS84");

function linesOf({ geometry }: Feature): MapPoint[][] {
  if (geometry.type === "LineString") return [geometry.coordinates.map(point)];
  return geometry.type === "MultiLineString" ? geometry.coordinates.map((line) => line.map(point)) : [];
}

function polygonsOf({ geometry }: Feature): MapPoint[][][] {
  if (geometry.type === "Polygon") return [geometry.coordinates.map((ring) => ring.map(point))];
  if (geometry.type !== "MultiPolygon") return [];
  return geometry.coordinates.map((polygon) => polygon.map((ring) => ring.map(point)));
}

function kindIn(kinds: readonly string[], { properties: { kind } }: Feature, otherwise: string): string {
  return kind !== undefined && kinds.includes(kind) ? kind : otherwise;
}

export const PANE = "town";

/** Areas below, minor streets on them, main streets on top. */
export function drawTown(areas: readonly Feature[], roads: readonly Feature[], renderer: L.Renderer): L.LayerGroup {
  const group = L.layerGroup();
  const given = { renderer, pane: PANE, interactive: false };
  for (const kind of AREAS) {
    const parts = areas.filter((one) => kindIn(AREAS, one, "estate") === kind).flatMap(polygonsOf);
    group.addLayer(L.polygon(parts, { ...given, className: `town-${kind}`, stroke: false, fillOpacity: 1, fillRule: "nonzero" }));
  }
  for (const kind of ["minor", "main"]) {
    const parts = roads.filter((one) => kindIn(["minor", "main"], one, "minor") === kind).flatMap(linesOf);
    group.addLayer(L.polyline(parts, { ...given, className: `town-road town-${kind}`, opacity: 1 }));
  }
  return group;
}

/** Streets keep their width in metres; never under a pixel. */
export function widenRoads(group: L.LayerGroup, metresAPixel: number): void {
  group.eachLayer((layer) => {
    if (!(layer instanceof L.Polyline) || layer instanceof L.Polygon) return;
    const kind = layer.options.className?.includes("town-main") ? "main" : "minor";
    layer.setStyle({ weight: Math.max(1, (WIDTHS_M[kind] ?? 8) / metresAPixel) });
  });
}

/** Points along a line, close enough that some of them are in view. */
function along(line: readonly MapPoint[]): MapPoint[] {
  return line.flatMap((from, index) => {
    const to = line[index + 1];
    if (to === undefined) return [from];
    const part = (n: number): MapPoint => [from[0] + ((to[0] - from[0]) * n) / 16, from[1] + ((to[1] - from[1]) * n) / 16] as MapPoint;
    return Array.from({ length: 16 }, (_, n) => part(n));
  });
}

export function namesOf(places: readonly Feature[], roads: readonly Feature[]): Name[] {
  const found: Name[] = [];
  for (const { properties, geometry } of places) {
    if (properties.name !== undefined && geometry.type === "Point") {
      found.push({ text: properties.name, kind: "place", at: [point(geometry.coordinates)] });
    }
  }
  for (const one of roads) {
    if (one.properties.name !== undefined) found.push({ text: one.properties.name, kind: "road", at: linesOf(one).flatMap(along) });
  }
  return found;
}
