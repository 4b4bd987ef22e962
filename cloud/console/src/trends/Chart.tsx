import { useEffect, useRef, type ReactElement } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { drawGround, drawLines, token, type Picture } from "./draw";

export const AXIS_PX = 40;
const TIME_PX = 20;

interface ChartProps {
  picture: Picture;
  axis: readonly [number, number];
  /** The words of a time on the shared axis. */
  time: (ms: number) => string;
  zone: string;
  /** Only the lowest chart shows the shared time axis. */
  last: boolean;
  label: string;
}

const HALF_TIME_PX = 18;

/** Whether a time's label is not cut off at the right edge. */
function whole(plot: uPlot, s: number): boolean {
  return plot.valToPos(s, "x") + HALF_TIME_PX < plot.width - AXIS_PX;
}

function optionsOf(box: HTMLElement, shown: { current: ChartProps }): uPlot.Options {
  const font = `12px ${token("--font")}`;
  const grid = { stroke: () => token("--line"), width: 1 };
  const axis = { stroke: () => token("--text-2"), font, grid, ticks: { show: false } };
  return {
    width: box.clientWidth,
    height: box.clientHeight,
    padding: [6, 6, shown.current.last ? 0 : 4, 0],
    legend: { show: false },
    cursor: { show: false },
    tzDate: (s) => uPlot.tzDate(new Date(s * 1000), shown.current.zone),
    scales: {
      x: { range: () => [shown.current.picture.window.sinceMs / 1000, shown.current.picture.window.untilMs / 1000] },
      y: { range: () => [...shown.current.axis] },
    },
    axes: [
      {
        ...axis,
        size: shown.current.last ? TIME_PX : 0,
        gap: 3,
        space: 64,
        values: (plot, splits) =>
          splits.map((s) => (shown.current.last && whole(plot, s) ? shown.current.time(s * 1000) : "")),
      },
      { ...axis, size: AXIS_PX, gap: 4, space: 26, values: (_, splits) => splits.map((value) => String(Math.round(value * 10) / 10)) },
    ],
    series: [{}, { paths: () => null, points: { show: false } }],
    hooks: {
      drawClear: [(plot) => drawGround(plot, shown.current.picture, uPlot.pxRatio)],
      draw: [(plot) => drawLines(plot, shown.current.picture, uPlot.pxRatio)],
    },
  };
}

/** The two edges are all that uPlot need know of the values: lines are drawn by hand, so that a gap stays one. */
function dataOf({ picture: { window }, axis }: ChartProps): uPlot.AlignedData {
  return [
    [window.sinceMs / 1000, window.untilMs / 1000],
    [axis[0], axis[1]],
  ];
}

/** One vital sign over the shared time axis. Redrawn when its data, its size or the page's look changes. */
export function Chart(props: ChartProps): ReactElement {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const shown = useRef(props);
  useEffect(() => {
    shown.current = props;
    plot.current?.setData(dataOf(props));
  });
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const made = new uPlot(optionsOf(element, shown), dataOf(shown.current), element);
    plot.current = made;
    const resized = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({ width: element.clientWidth, height: element.clientHeight });
    });
    resized.observe(element);
    const restyled = new MutationObserver(() => made.redraw(false, true));
    restyled.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "lang"] });
    return () => {
      resized.disconnect();
      restyled.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, []);
  return <div ref={box} className="trend-chart" role="img" aria-label={props.label} data-last={props.last || undefined} />;
}
