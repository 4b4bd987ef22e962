/**
 * The built-in map: a made-up town at block level, the same wherever and whenever it is drawn. A warped street grid
 * lies over the whole earth; names, parks and estates follow from a block's place in it. It is no survey, shows no
 * border, and needs no data. WGS-84 GeoJSON, in the three layers that a deployment may bring of its own.
 */
import type { Wgs } from "./datum";

export type Position = [lon: number, lat: number];
export interface Feature {
  type: "Feature";
  properties: { kind?: string; name?: string };
  geometry:
    | { type: "Point"; coordinates: Position }
    | { type: "LineString"; coordinates: Position[] }
    | { type: "MultiLineString" | "Polygon"; coordinates: Position[][] }
    | { type: "MultiPolygon"; coordinates: Position[][][] };
}
export interface Layers {
  roads: Feature[];
  areas: Feature[];
  places: Feature[];
}

const METRES = 111_320;
const TURN = -0.19;
const BLOCK_U = 210;
const BLOCK_V = 160;
const MAIN_EACH = 4;
const RIVER_EACH = 26;
const RIVER_AT = 9;
const STEPS = 4;

const ROADS = ["望江", "松涛", "凤栖", "荷塘", "青石", "学府", "锦绣", "朝阳", "平安", "清泉", "柳岸", "云台", "长宁", "春晖", "听雨", "南湖"];
const FIRST = ["桂", "松", "梧桐", "荷", "杏", "竹", "兰", "枫", "槐", "柳", "海棠", "玉", "锦", "云", "春", "安"];
const LAST = ["苑", "里", "新村", "花园", "家园", "小区", "坊", "庭"];
const PUBLIC = ["第一小学", "社区医院", "菜市场", "文化站", "敬老院", "体育场", "实验中学", "派出所"];

/** 0 <= n < 1, from a block's place and a purpose. */
function chance(i: number, j: number, purpose: number): number {
  let n = Math.imul(i, 374_761_393) ^ Math.imul(j, 668_265_263) ^ Math.imul(purpose, 1_274_126_177);
  n = Math.imul(n ^ (n >>> 13), 1_274_126_177);
  return ((n ^ (n >>> 16)) >>> 0) / 4_294_967_296;
}

function pick(list: readonly string[], n: number): string {
  return list[Math.floor(n * list.length)] ?? "";
}

function modulo(n: number, by: number): number {
  return ((n % by) + by) % by;
}

const isMain = (n: number): boolean => modulo(n, MAIN_EACH) === 0;
const isRiver = (row: number): boolean => modulo(row, RIVER_EACH) === RIVER_AT;

/** A street grid near a latitude: grid metres (u, v) to degrees, and back to the nearest block. */
class Grid {
  private readonly east: number;

  constructor(lat: number) {
    // The width of a degree changes with the latitude: taken in steps, so that a town keeps its place.
    this.east = METRES * Math.cos((Math.round(lat) * Math.PI) / 180);
  }

  at(u: number, v: number): Position {
    const x = u + 28 * Math.sin(v / 410) + 14 * Math.sin(v / 173 + 1.3);
    const y = v + 24 * Math.sin(u / 370 + 0.7) + 12 * Math.sin(u / 190);
    const east = x * Math.cos(TURN) - y * Math.sin(TURN);
    const north = x * Math.sin(TURN) + y * Math.cos(TURN);
    return [east / this.east, north / METRES];
  }

  block({ lat, lon }: Wgs): [i: number, j: number] {
    const [east, north] = [lon * this.east, lat * METRES];
    const u = east * Math.cos(TURN) + north * Math.sin(TURN);
    const v = north * Math.cos(TURN) - east * Math.sin(TURN);
    return [Math.floor(u / BLOCK_U), Math.floor(v / BLOCK_V)];
  }

  line(u0: number, v0: number, u1: number, v1: number, parts: number): Position[] {
    return Array.from({ length: parts + 1 }, (_, n) => {
      const part = n / parts;
      return this.at(u0 + (u1 - u0) * part, v0 + (v1 - v0) * part);
    });
  }

  /** The outline of (u0, v0)–(u1, v1). */
  ring(u0: number, v0: number, u1: number, v1: number, parts: number): Position[] {
    return [
      ...this.line(u0, v0, u1, v0, parts),
      ...this.line(u1, v0, u1, v1, parts),
      ...this.line(u1, v1, u0, v1, parts),
      ...this.line(u0, v1, u0, v0, parts),
    ];
  }
}

function feature(geometry: Feature["geometry"], kind: string, name?: string): Feature {
  return { type: "Feature", properties: name === undefined ? { kind } : { kind, name }, geometry };
}

function kindOf(i: number, j: number): "park" | "public" | "estate" | "plain" {
  const n = chance(i, j, 1);
  if (n < 0.09) return "park";
  if (n < 0.15) return "public";
  return n < 0.75 ? "estate" : "plain";
}

function nameOf(kind: string, i: number, j: number): string | undefined {
  if (kind === "plain" || (kind === "estate" && chance(i, j, 2) > 0.4)) return undefined;
  const first = pick(FIRST, chance(i, j, 3));
  if (kind === "park") return `${first}园`;
  return kind === "public" ? pick(PUBLIC, chance(i, j, 4)) : first + pick(LAST, chance(i, j, 5));
}

const inset = (line: number): number => (isMain(line) ? 19 : 12);

function block(grid: Grid, i: number, j: number, into: Layers): void {
  const kind = kindOf(i, j);
  if (kind === "plain") return;
  const [u0, u1] = [i * BLOCK_U + inset(i), (i + 1) * BLOCK_U - inset(i + 1)];
  const [v0, v1] = [j * BLOCK_V + inset(j), (j + 1) * BLOCK_V - inset(j + 1)];
  const ring = grid.ring(u0, v0, u1, v1, STEPS);
  into.areas.push(feature({ type: "Polygon", coordinates: [ring] }, kind));
  const name = nameOf(kind, i, j);
  if (name !== undefined) {
    into.places.push(feature({ type: "Point", coordinates: grid.at((u0 + u1) / 2, (v0 + v1) / 2) }, kind, name));
  }
}

/** The town within `radiusM` metres of a place. */
export function schematic(centre: Wgs, radiusM: number): Layers {
  const grid = new Grid(centre.lat);
  const [ci, cj] = grid.block(centre);
  const [ri, rj] = [Math.ceil(radiusM / BLOCK_U) + 1, Math.ceil(radiusM / BLOCK_V) + 1];
  const made: Layers = { roads: [], areas: [], places: [] };
  const [u0, u1] = [(ci - ri) * BLOCK_U, (ci + ri) * BLOCK_U];
  for (let j = cj - rj; j < cj + rj; j += 1) {
    const v = j * BLOCK_V;
    if (isRiver(j)) {
      made.areas.push(feature({ type: "Polygon", coordinates: [grid.ring(u0, v + 22, u1, v + BLOCK_V - 22, ri * 6)] }, "water"));
    } else {
      for (let i = ci - ri; i < ci + ri; i += 1) block(grid, i, j, made);
    }
    const line = grid.line(u0, v, u1, v, ri * 6);
    made.roads.push(road(line, isMain(j), pick(ROADS, chance(0, Math.floor(j / MAIN_EACH), 6)), "路"));
  }
  for (let i = ci - ri; i <= ci + ri; i += 1) made.roads.push(...across(grid, i, cj - rj, cj + rj));
  return made;
}

function road(line: Position[], main: boolean, name: string, kind: string): Feature {
  return feature({ type: "LineString", coordinates: line }, main ? "main" : "minor", main ? name + kind : undefined);
}

/** A street that crosses the rows; only main streets have bridges. */
function across(grid: Grid, i: number, from: number, to: number): Feature[] {
  const u = i * BLOCK_U;
  const name = pick(ROADS, chance(Math.floor(i / MAIN_EACH), 1, 7));
  if (isMain(i)) return [road(grid.line(u, from * BLOCK_V, u, to * BLOCK_V, (to - from) * 3), true, name, "街")];
  const rows = Array.from({ length: to - from }, (_, n) => from + n).filter((row) => !isRiver(row));
  return rows.map((row) => road(grid.line(u, row * BLOCK_V, u, (row + 1) * BLOCK_V, 3), false, name, "街"));
}
