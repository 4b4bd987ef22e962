/** Draws one chart's grounds and lines on uPlot's canvas; every colour is a token of the page's look. */
import type uPlot from "uplot";

import { stretchesOf, type Band, type Gap, type Line, type Span, type Stretch } from "./curves";

export interface Picture {
  lines: readonly Line[];
  gaps: readonly Gap[];
  band: Band | null;
  window: Span;
  /** When it rang; null where that is not asked. */
  alarmMs: number | null;
  /** Words of a gap and of a device's line. */
  reason: (gap: Gap) => string;
  source: (line: Line) => string;
}

export function token(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

interface Sheet {
  context: CanvasRenderingContext2D;
  left: number;
  top: number;
  right: number;
  bottom: number;
  ratio: number;
  x: (ms: number) => number;
  y: (value: number) => number;
}

function sheetOf(plot: uPlot, ratio: number): Sheet {
  const { left, top, width, height } = plot.bbox;
  const right = left + width;
  return {
    context: plot.ctx,
    left,
    top,
    right,
    bottom: top + height,
    ratio,
    x: (ms) => Math.min(right, Math.max(left, plot.valToPos(ms / 1000, "x", true))),
    y: (value) => plot.valToPos(value, "y", true),
  };
}

function clipped(sheet: Sheet, boxes: readonly (readonly [number, number, number, number])[], draw: () => void): void {
  const { context } = sheet;
  context.save();
  context.beginPath();
  for (const [left, top, right, bottom] of boxes) context.rect(left, top, right - left, bottom - top);
  context.clip();
  draw();
  context.restore();
}

function ground(sheet: Sheet, { band, gaps }: Picture): void {
  const { context, left, top, right, bottom, ratio } = sheet;
  if (band !== null) {
    const high = band.high === null ? top : Math.max(top, sheet.y(band.high));
    const low = band.low === null ? bottom : Math.min(bottom, sheet.y(band.low));
    context.fillStyle = token("--bar");
    context.fillRect(left, high, right - left, Math.max(0, low - high));
  }
  for (const gap of gaps) hatch(sheet, gap, 7 * ratio);
}

function hatch(sheet: Sheet, gap: Gap, step: number): void {
  const { context, top, bottom, ratio } = sheet;
  const [from, to] = [sheet.x(gap.sinceMs), sheet.x(gap.untilMs)];
  clipped(sheet, [[from, top, to, bottom]], () => {
    context.fillStyle = token("--panel");
    context.fillRect(from, top, to - from, bottom - top);
    context.strokeStyle = token("--line-2");
    context.lineWidth = ratio;
    context.beginPath();
    const rise = bottom - top;
    for (let at = Math.floor((from - rise) / step) * step; at < to; at += step) {
      context.moveTo(at, bottom);
      context.lineTo(at + rise, top);
    }
    context.stroke();
  });
}

function words(sheet: Sheet, text: string, x: number, y: number, align: CanvasTextAlign): void {
  const { context, ratio } = sheet;
  context.font = `${12 * ratio}px ${token("--font")}`;
  context.textAlign = align;
  context.textBaseline = "middle";
  const width = context.measureText(text).width + 6 * ratio;
  const left = align === "center" ? x - width / 2 : x - width + 3 * ratio;
  context.fillStyle = token("--panel");
  context.fillRect(left, y - 8 * ratio, width, 16 * ratio);
  context.fillStyle = token("--text-2");
  context.fillText(text, x, y);
}

function gapWords(sheet: Sheet, { gaps, reason }: Picture): void {
  for (const gap of gaps) {
    const [from, to] = [sheet.x(gap.sinceMs), sheet.x(gap.untilMs)];
    const text = reason(gap);
    sheet.context.font = `${12 * sheet.ratio}px ${token("--font")}`;
    if (sheet.context.measureText(text).width + 10 * sheet.ratio > to - from) continue;
    words(sheet, text, (from + to) / 2, (sheet.top + sheet.bottom) / 2, "center");
  }
}

/** The path of a stretch: a value holds until the next one, its extremes as an upright stroke. */
function trace(sheet: Sheet, stretch: Stretch): void {
  const { context } = sheet;
  let before: number | null = null;
  for (const point of stretch.points) {
    const [x, y] = [sheet.x(point.atMs), sheet.y(point.value)];
    if (before === null) context.moveTo(x, y);
    else {
      context.lineTo(x, before);
      context.lineTo(x, y);
    }
    if (point.high > point.low) {
      context.moveTo(x, sheet.y(point.low));
      context.lineTo(x, sheet.y(point.high));
      context.moveTo(x, y);
    }
    before = y;
  }
  const last = stretch.points.at(-1);
  if (last === undefined || before === null) return;
  context.lineTo(Math.max(sheet.x(stretch.untilMs), sheet.x(last.atMs) + 2 * sheet.ratio), before);
}

function stroke(sheet: Sheet, stretches: readonly Stretch[], colour: string, width: number): void {
  const { context, ratio } = sheet;
  context.strokeStyle = colour;
  context.lineWidth = width * ratio;
  context.lineJoin = "round";
  context.beginPath();
  for (const stretch of stretches) trace(sheet, stretch);
  context.stroke();
}

/** Above and below the band; empty where there is none. */
function outside(sheet: Sheet, band: Band): [number, number, number, number][] {
  const { left, top, right, bottom } = sheet;
  const boxes: [number, number, number, number][] = [];
  if (band.high !== null) boxes.push([left, top, right, sheet.y(band.high)]);
  if (band.low !== null) boxes.push([left, sheet.y(band.low), right, bottom]);
  return boxes;
}

function line(sheet: Sheet, picture: Picture, one: Line, first: boolean): void {
  const { band, window } = picture;
  const stretches = stretchesOf(one, window);
  const { left, top, right, bottom } = sheet;
  clipped(sheet, [[left, top, right, bottom]], () => stroke(sheet, stretches, token(first ? "--text" : "--text-2"), first ? 1.8 : 1.2));
  if (band !== null) clipped(sheet, outside(sheet, band), () => stroke(sheet, stretches, token("--p1-ring"), 2.4));
}

/** Beside the end of each line whose it is, whole and clear of the others; the column of values names the source too. */
function sources(sheet: Sheet, { lines, window, source }: Picture): void {
  const room = 11 * sheet.ratio;
  const half = 8 * sheet.ratio;
  const taken: number[] = [];
  for (const one of lines) {
    const end = stretchesOf(one, window).at(-1);
    const last = end?.points.at(-1);
    if (end === undefined || last === undefined) continue;
    const at = sheet.y(last.value);
    const places = [at - room, at + room, ...taken.flatMap((other) => [other + 2 * half, other - 2 * half]), sheet.top + half];
    const y = places.find(
      (place) => place >= sheet.top + half && place <= sheet.bottom - half && taken.every((other) => Math.abs(place - other) >= 2 * half),
    );
    if (y === undefined) continue;
    taken.push(y);
    words(sheet, source(one), Math.max(sheet.x(end.untilMs) - 4 * sheet.ratio, sheet.left + 40 * sheet.ratio), y, "right");
  }
}

function alarm(sheet: Sheet, { alarmMs, window }: Picture): void {
  if (alarmMs === null || alarmMs < window.sinceMs || alarmMs > window.untilMs) return;
  const { context, top, bottom, ratio } = sheet;
  context.save();
  context.strokeStyle = token("--text");
  context.lineWidth = 1.5 * ratio;
  context.setLineDash([5 * ratio, 4 * ratio]);
  context.beginPath();
  context.moveTo(sheet.x(alarmMs), top);
  context.lineTo(sheet.x(alarmMs), bottom);
  context.stroke();
  context.restore();
}

export function drawGround(plot: uPlot, picture: Picture, ratio: number): void {
  ground(sheetOf(plot, ratio), picture);
}

export function drawLines(plot: uPlot, picture: Picture, ratio: number): void {
  const sheet = sheetOf(plot, ratio);
  picture.lines.forEach((one, index) => line(sheet, picture, one, index === 0));
  alarm(sheet, picture);
  gapWords(sheet, picture);
  sources(sheet, picture);
}
