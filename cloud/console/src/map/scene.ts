/** What a case's map shows: everything in WGS-84 and metres. Pure. */
import type { Wgs } from "./datum";

export interface Going {
  id: string;
  name: string;
  at: Wgs;
  /** Minutes to get there; null when unknown. */
  minutes: number | null;
  free: boolean;
}

export interface Scene {
  home: { at: Wgs; label: string } | null;
  fence: { at: Wgs; radiusM: number } | null;
  /** A safe zone that is no circle. */
  ring?: readonly Wgs[] | null;
  /** Whether the ring is being drawn: each corner has a mark. */
  drawing?: boolean;
  fix: { at: Wgs; accuracyM: number | null } | null;
  responders: readonly Going[];
}

const NEAREST = 3;

function sooner(a: Going, b: Going): number {
  return (a.minutes ?? Infinity) - (b.minutes ?? Infinity) || Number(b.free) - Number(a.free) || a.id.localeCompare(b.id);
}

/** Home, wristband, and the three who are there soonest: what the view is fitted to. What is drawn by hand moves no view. */
export function pointsToFit(scene: Scene): Wgs[] {
  const found = [scene.home?.at, scene.fix?.at].filter((at) => at !== undefined);
  if (scene.drawing === true) return found.length > 0 ? found : [...(scene.ring ?? [])];
  const nearest = scene.responders.toSorted(sooner).slice(0, NEAREST);
  return [...found, ...nearest.map((one) => one.at)];
}

/** "马志强 3′"; a dash where nobody knows how long. */
export function labelOf(one: Going): string {
  return `${one.name} ${one.minutes === null ? "—" : `${one.minutes}′`}`;
}

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export function collide(a: Box, b: Box): boolean {
  return (
    a.left < b.left + b.width && b.left < a.left + a.width && a.top < b.top + b.height && b.top < a.top + a.height
  );
}

export interface Wanted {
  /** Where the thing is, in pixels. */
  x: number;
  y: number;
  width: number;
  height: number;
  /** Places for the label's middle beside its point, in order of preference. */
  offsets: readonly (readonly [x: number, y: number])[];
}

function holds(view: Pick<Box, "width" | "height">, { left, top, width, height }: Box): boolean {
  return left >= 0 && top >= 0 && left + width <= view.width && top + height <= view.height;
}

/**
 * A place for each label, first come first served: beside its point, whole inside the view, clear of every mark and
 * of the labels before it; null where there is none: that label is dropped, its mark stays.
 */
export function placeLabels(
  wanted: readonly Wanted[],
  marks: readonly Box[],
  view: Pick<Box, "width" | "height">,
): (Box | null)[] {
  const taken = [...marks];
  return wanted.map(({ x, y, width, height, offsets }) => {
    const boxes = offsets.map(([dx, dy]) => ({ left: x + dx - width / 2, top: y + dy - height / 2, width, height }));
    const box = boxes.find((one) => holds(view, one) && !taken.some((other) => collide(one, other)));
    if (box === undefined) return null;
    taken.push(box);
    return box;
  });
}

/** Beside a mark of a size: above, below, right, left. */
export function beside(width: number, height: number, mark: number): [number, number][] {
  const up = (height + mark) / 2 + 2;
  const side = (width + mark) / 2 + 3;
  return [
    [0, -up],
    [0, up],
    [side, 0],
    [-side, 0],
  ];
}

/** Pixels a text takes at a size: Chinese characters are square, others a little over half as wide. */
export function widthOf(text: string, size: number): number {
  return [...text].reduce((sum, sign) => sum + (sign.charCodeAt(0) > 0x2e7f ? size : size * 0.58), 0);
}
