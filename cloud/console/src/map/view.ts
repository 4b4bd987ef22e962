/** The map itself: one Leaflet map for the whole page; layers are added, moved and removed as the scene says. */
import * as L from "leaflet";
import "leaflet/dist/leaflet.css";
import "./map.css";

import { addBasemap, type Basemap } from "./basemap";
import { fromBasemap, toBasemap, type Crs, type MapPoint, type Wgs } from "./datum";
import { beside, labelOf, placeLabels, pointsToFit, widthOf, type Box, type Scene, type Wanted } from "./scene";
import type { Name } from "./town";

/** What stands in the two marks: one character each. */
export interface Marks {
  home: string;
  band: string;
}

const MARK = 28;
const DOT = 12;
const NAME_SIZE = 12;
const LABEL_SIZE = 13;
const LABEL_HEIGHT = 24;
const NAMES_AT_MOST = 40;

function icon(className: string, text: string, size: number, aside = 0): L.DivIcon {
  const mark = document.createElement("span");
  mark.textContent = text;
  return L.divIcon({ className, html: mark, iconSize: [size, size], iconAnchor: [size / 2 - aside, size / 2] });
}

function around({ x, y }: L.Point, size: number): Box {
  return { left: x - size / 2, top: y - size / 2, width: size, height: size };
}

/** What lies on the map itself: note, buttons, scale. */
function furniture(width: number, height: number): Box[] {
  return [
    { left: width - 190, top: 0, width: 190, height: 28 },
    { left: width - 48, top: height - 128, width: 48, height: 128 },
    { left: 0, top: height - 32, width: 110, height: 32 },
  ];
}

interface Label extends Wanted {
  text: string;
  className: string;
}

export class MapView {
  readonly element = document.createElement("div");
  private readonly map: L.Map;
  private readonly crs: Crs;
  private readonly layers = new Map<string, L.Marker | L.Circle | L.Polygon>();
  private readonly labels = L.layerGroup();
  private names: readonly Name[] = [];
  private scene: Scene | null = null;
  private marks: Marks = { home: "", band: "" };
  private aside = 0;
  private fitted = "";
  private moved = false;
  private tellFailed: () => void = () => undefined;
  private picked: ((at: Wgs) => void) | null = null;

  constructor(basemap: Basemap) {
    this.crs = basemap.crs;
    this.element.className = "map-canvas";
    this.element.style.position = "absolute"; // Leaflet would decide before the element is in the page
    this.map = L.map(this.element, {
      attributionControl: false,
      zoomControl: false,
      zoomAnimation: false,
      fadeAnimation: false,
      markerZoomAnimation: false,
      inertia: false,
      minZoom: 11,
      maxZoom: 18,
    });
    L.control.scale({ imperial: false, position: "bottomleft" }).addTo(this.map);
    this.map.setView([0, 0], 15);
    this.labels.addTo(this.map);
    addBasemap(this.map, basemap, {
      named: (names) => {
        this.names = names;
        this.label();
      },
      failed: () => this.tellFailed(),
    });
    this.map.on("moveend", () => this.label());
    this.map.on("dragstart", () => (this.moved = true));
    this.map.on("click", ({ latlng }) => this.picked?.(fromBasemap(latlng, this.crs)));
  }

  /** Into a frame of the page; the view begins anew. */
  attach(frame: HTMLElement, failed: () => void): () => void {
    frame.append(this.element);
    this.map.invalidateSize({ animate: false, pan: false });
    this.tellFailed = failed;
    this.moved = false;
    this.fitted = "";
    this.picked = null;
    const sized = new ResizeObserver(() => {
      this.map.invalidateSize({ animate: false, pan: false });
      this.fit();
      this.label();
    });
    sized.observe(frame);
    return () => {
      sized.disconnect();
      this.tellFailed = () => undefined;
      this.scene = null;
      for (const key of this.layers.keys()) this.drop(key);
      this.labels.clearLayers();
      this.element.remove();
    };
  }

  /** Who is told where somebody pressed the map; null where that means nothing. */
  onPick(told: ((at: Wgs) => void) | null): void {
    this.picked = told;
  }

  zoom(by: 1 | -1): void {
    this.moved = true;
    this.map.setZoom(this.map.getZoom() + by, { animate: false });
  }

  refit(): void {
    this.moved = false;
    this.fitted = "";
    this.fit();
  }

  show(scene: Scene, marks: Marks): void {
    this.scene = scene;
    this.marks = marks;
    const wanted = new Set<string>();
    const circle = (key: string, at: Wgs, radius: number): void => {
      wanted.add(key);
      const found = this.layers.get(key);
      if (found instanceof L.Circle) found.setLatLng(this.point(at)).setRadius(radius);
      else this.put(key, L.circle(this.point(at), { radius, className: `map-${key}`, interactive: false }));
    };
    const mark = (key: string, at: Wgs, what: L.DivIcon, above: number): void => {
      wanted.add(key);
      const found = this.layers.get(key);
      if (found instanceof L.Marker) found.setLatLng(this.point(at)).setIcon(what);
      else this.put(key, L.marker(this.point(at), { icon: what, interactive: false, keyboard: false, zIndexOffset: above }));
    };
    const ring = scene.ring ?? [];
    if (ring.length > 1) {
      wanted.add("ring");
      const found = this.layers.get("ring");
      const corners = ring.map((at) => this.point(at));
      if (found instanceof L.Polygon) found.setLatLngs(corners);
      else this.put("ring", L.polygon(corners, { className: "map-fence", interactive: false }));
    }
    if (scene.drawing === true) ring.forEach((at, index) => mark(`corner-${index}`, at, icon("map-dot", "", DOT), 0));
    if (scene.fence !== null) circle("fence", scene.fence.at, scene.fence.radiusM);
    if (scene.fix?.accuracyM) circle("accuracy", scene.fix.at, scene.fix.accuracyM);
    for (const one of scene.responders) {
      mark(`going-${one.id}`, one.at, icon(one.free ? "map-dot" : "map-dot map-busy", "", DOT), 0);
    }
    if (scene.home !== null) mark("home", scene.home.at, icon("map-home", marks.home, MARK), 1000);
    if (scene.fix !== null) mark("band", scene.fix.at, icon("map-band", marks.band, MARK, this.aside), 2000);
    for (const key of [...this.layers.keys()].filter((one) => !wanted.has(one))) this.drop(key);
    this.fit();
    this.label();
  }

  private put(key: string, layer: L.Marker | L.Circle | L.Polygon): void {
    this.layers.set(key, layer.addTo(this.map));
  }

  private drop(key: string): void {
    this.layers.get(key)?.remove();
    this.layers.delete(key);
  }

  private point(at: Wgs): MapPoint {
    return toBasemap(at, this.crs);
  }

  /** Shows what must be seen, unless the operator has moved the map himself. */
  private fit(): void {
    const points = this.scene === null ? [] : pointsToFit(this.scene).map((at) => this.point(at));
    const size = this.map.getSize();
    const key = JSON.stringify([points.map(([lat, lng]) => [lat.toFixed(4), lng.toFixed(4)]), size.x, size.y]);
    if (points.length === 0 || this.moved || key === this.fitted || size.x === 0) return;
    this.fitted = key;
    this.map.fitBounds(L.latLngBounds(points), { paddingTopLeft: [48, 44], paddingBottomRight: [56 + MARK, 44], maxZoom: 16, animate: false });
  }

  private at(point: MapPoint): L.Point {
    return this.map.latLngToContainerPoint(point);
  }

  /** Home and wristband are two marks: where they would lie on each other, the wristband's stands beside. */
  private apart(home: Wgs | undefined, fix: Wgs | undefined): void {
    const far = home === undefined || fix === undefined || this.at(this.point(home)).distanceTo(this.at(this.point(fix))) > MARK;
    const aside = far ? 0 : MARK;
    const band = this.layers.get("band");
    if (aside === this.aside || !(band instanceof L.Marker)) return;
    this.aside = aside;
    band.setIcon(icon("map-band", this.marks.band, MARK, aside));
  }

  /** Names beside what they name; those that would lie on a mark or another name are left out. */
  private label(): void {
    this.labels.clearLayers();
    const { scene } = this;
    if (scene === null) return;
    this.apart(scene.home?.at, scene.fix?.at);
    const spot = (at: Wgs | undefined, aside: number): Box[] =>
      at === undefined ? [] : [around(this.at(this.point(at)).add([aside, 0]), MARK)];
    const spots = [...spot(scene.home?.at, 0), ...spot(scene.fix?.at, this.aside)];
    const dots = scene.responders.map((one) => around(this.at(this.point(one.at)), DOT));
    const wanted = [...this.labelsOf(scene), ...this.namesInView()];
    const { x: width, y: height } = this.map.getSize();
    placeLabels(wanted, [...spots, ...dots, ...furniture(width, height)], { width, height }).forEach((found, index) => {
      const label = wanted[index];
      if (found === null || label === undefined) return;
      const middle = this.map.containerPointToLatLng([found.left + found.width / 2, found.top + found.height / 2]);
      const what = icon(label.className, label.text, 0);
      this.labels.addLayer(L.marker(middle, { icon: what, interactive: false, keyboard: false, zIndexOffset: 500 }));
    });
  }

  private labelsOf(scene: Scene): Label[] {
    const sized = (text: string, at: Wgs, mark: number, className: string): Label => {
      const width = widthOf(text, LABEL_SIZE) + 20;
      const { x, y } = this.at(this.point(at));
      return { text, className, x, y, width, height: LABEL_HEIGHT, offsets: beside(width, LABEL_HEIGHT, mark) };
    };
    const going = scene.responders.map((one) =>
      sized(labelOf(one), one.at, DOT, one.free ? "map-label map-going" : "map-label map-going map-busy"),
    );
    const home = scene.home;
    return home === null || home.label === "" ? going : [sized(home.label, home.at, MARK, "map-label map-address"), ...going];
  }

  private namesInView(): Label[] {
    const view = this.map.getSize();
    const inside = ({ x, y }: L.Point): boolean => x > 30 && y > 12 && x < view.x - 30 && y < view.y - 12;
    const found: Label[] = [];
    for (const name of this.names) {
      const seen = name.at.map((one) => this.at(one)).filter(inside);
      const spot = seen[Math.floor(seen.length * 0.2)];
      if (spot === undefined) continue;
      const width = widthOf(name.text, NAME_SIZE) + 8;
      const className = `map-label map-name map-${name.kind}`;
      found.push({ text: name.text, className, x: spot.x, y: spot.y, width, height: 18, offsets: [[0, 0]] });
      if (found.length === NAMES_AT_MOST) break;
    }
    return found;
  }
}

let shared: MapView | null = null;

/** The page's one map: it is moved from case to case, not made again. */
export function theMap(basemap: Basemap): MapView {
  shared ??= new MapView(basemap);
  return shared;
}
