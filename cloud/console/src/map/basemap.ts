/** What lies under the marks: the built-in town, a town plan of the deployment, tiles, or one file of vector tiles. */
import * as L from "leaflet";

import type { UiConfig } from "../api/queries";
import { fromBasemap } from "./datum";
import { schematic, type Feature, type Layers } from "./schematic";
import { drawTown, namesOf, PANE, widenRoads, type Name } from "./town";

export type Basemap = UiConfig["basemap"];

const EARTH_M = 40_075_016.7;
const TOWN_AT_MOST_M = 5_000;

export function metresAPixel(map: L.Map): number {
  return (EARTH_M * Math.cos((map.getCenter().lat * Math.PI) / 180)) / 2 ** (map.getZoom() + 8);
}

/** Adds the basemap to a map; `named` is called whenever there are other names to show, `failed` when it cannot be had. */
export function addBasemap(
  map: L.Map,
  basemap: Basemap,
  told: { named: (names: readonly Name[]) => void; failed: () => void },
): void {
  const url = basemap.url ?? "";
  switch (basemap.kind) {
    case "schematic":
      return addSchematic(map, told.named);
    case "geojson":
      void readLayers(url).then((layers) => addTown(map, layers, told.named), told.failed);
      return undefined;
    case "xyz":
      return addTiles(map, basemap, told.failed);
    case "pmtiles":
      void addVectorTiles(map, url).catch(told.failed);
      return undefined;
  }
}

function rendererOf(map: L.Map): L.Renderer {
  const pane = map.getPane(PANE) ?? map.createPane(PANE);
  pane.style.zIndex = "250";
  return L.svg({ pane: PANE, padding: 0.3 });
}

/** Draws the town anew where the view leaves what is drawn. */
function addSchematic(map: L.Map, named: (names: readonly Name[]) => void): void {
  const renderer = rendererOf(map);
  let drawn: { group: L.LayerGroup; within: L.LatLngBounds } | null = null;
  const draw = (): void => {
    const view = map.getBounds();
    if (drawn === null || !drawn.within.contains(view)) {
      const centre = map.getCenter();
      const radius = Math.min(TOWN_AT_MOST_M, centre.distanceTo(view.getNorthEast()) * 1.7);
      const { roads, areas, places } = schematic(fromBasemap(centre, "WGS84"), radius);
      drawn?.group.remove();
      drawn = { group: drawTown(areas, roads, renderer).addTo(map), within: centre.toBounds(radius * 1.5) };
      if (radius >= TOWN_AT_MOST_M) drawn.within = view;
      named(namesOf(places, roads));
    }
    widenRoads(drawn.group, metresAPixel(map));
  };
  map.on("moveend", draw);
  map.whenReady(draw);
}

function addTown(map: L.Map, { roads, areas, places }: Layers, named: (names: readonly Name[]) => void): void {
  const group = drawTown(areas, roads, rendererOf(map)).addTo(map);
  const widen = (): void => widenRoads(group, metresAPixel(map));
  map.on("zoomend", widen);
  map.whenReady(widen);
  named(namesOf(places, roads));
}

async function readLayer(address: string): Promise<Feature[]> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`HTTP ${answer.status} for ${address}`);
  const { features } = (await answer.json()) as { features: Feature[] };
  return features.filter((one) => one?.geometry && one.properties);
}

async function readLayers(folder: string): Promise<Layers> {
  const names = ["roads", "areas", "places"].map((name) => readLayer(`${folder}${name}.geojson`));
  const [roads = [], areas = [], places = []] = await Promise.all(names);
  return { roads, areas, places };
}

function addTiles(map: L.Map, basemap: Basemap, failed: () => void): void {
  const options: L.TileLayerOptions = {
    subdomains: basemap.subdomains ?? "",
    maxNativeZoom: basemap.max_zoom ?? 18,
    maxZoom: 19,
  };
  for (const url of [basemap.url, basemap.overlay_url]) {
    if (url !== null) L.tileLayer(url, options).on("tileerror", failed).addTo(map);
  }
}

/** The colours of vector tiles are painted, so the layer is made anew when the look changes. */
async function addVectorTiles(map: L.Map, url: string): Promise<void> {
  // protomaps-leaflet takes Leaflet from the page; both are in chunks of their own.
  (globalThis as { L?: typeof L }).L = L;
  const { leafletLayer } = await import("protomaps-leaflet");
  const root = document.documentElement;
  const drawn = (): L.Layer => {
    const flavor = root.dataset["theme"] === "night" ? "black" : "grayscale";
    return leafletLayer({ url, flavor, lang: "zh", attribution: "" }).addTo(map);
  };
  let layer = drawn();
  new MutationObserver(() => {
    layer.remove();
    layer = drawn();
  }).observe(root, { attributeFilter: ["data-theme"] });
}
