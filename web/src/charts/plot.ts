// The options of uPlot for a line chart over bars, and what is painted over it.

import uPlot from "uplot";

import { tick } from "../format/time";
import type { Series } from "../state/series";
import { colour, type SeriesStyle } from "./palette";
import { timeTicks } from "./ticks";

export interface Line extends SeriesStyle {
  /** The column of the series. */
  column: string;
  /** Fill the area below it. */
  area?: boolean;
}

export interface Scale {
  /** Quantity and unit, beside the axis. */
  label: string;
  /** A value as text, at the axis. */
  tick: (value: number) => string;
  /** Values that are always in the range. */
  include?: number[];
  /** Exclude rare outliers, so that they do not flatten the rest. */
  robust?: boolean;
  /** A fixed range. */
  fixed?: [number, number];
}

export interface Marker {
  seq: number;
  colour: string;
  /** A text at the top of the line, which is then solid. */
  text?: string;
}

/** The lines of planted changes. */
export function plantedMarkers(changes: readonly { seq: number }[]): Marker[] {
  return changes.map(({ seq }) => ({ seq, colour: "planted", text: "change" }));
}

export interface Drawing {
  series: Series;
  lines: Line[];
  scale: Scale;
  /** A value with a line across the chart, for comparison. */
  reference: number | null;
  markers: () => readonly Marker[];
  domain: () => [number, number];
  /** Whether the time axis has labels. */
  times: boolean;
  onCursor: (index: number | null) => void;
}

const FONT = "11px system-ui, sans-serif";
/** The number of values of a line that a robust range uses, and the fraction that it excludes at either end. */
const BULK_SAMPLES = 1000;
const BULK_CUT = 0.015;
/** Width of a label of the time axis, with the space around it. */
const LABEL_PX = 56;

export function options(drawing: Drawing, width: number, height: number): uPlot.Options {
  const { scale, times } = drawing;
  const axis = { stroke: colour("muted"), font: FONT, ticks: { show: false }, grid: { stroke: colour("grid"), width: 1 } };
  return {
    width,
    height,
    padding: [8, 10, times ? 0 : 6, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 5 } },
    scales: {
      x: { time: false, range: () => drawing.domain() },
      y: { range: (u, low, high) => range(scale, scale.robust ? bulk(u) : [low, high]) },
    },
    series: [{}, ...drawing.lines.map(seriesOf)],
    axes: [
      { ...axis, show: times, size: 23, gap: 5, splits: (u) => ticksOf(u, drawing.series).rows, values: timesOf(drawing.series) },
      {
        ...axis,
        size: 50,
        gap: 4,
        space: 26,
        label: scale.label,
        labelSize: 15,
        labelGap: 0,
        labelFont: FONT,
        values: (_, ticks) => ticks.map(scale.tick),
      },
    ],
    hooks: {
      drawAxes: [(u) => paintReference(u, drawing.reference), (u) => paintMarkers(u, drawing.markers())],
      setCursor: [(u) => drawing.onCursor(u.cursor.left === undefined || u.cursor.left < 0 ? null : (u.cursor.idx ?? null))],
    },
  };
}

export function dataOf(drawing: Drawing): uPlot.AlignedData {
  const { series, lines } = drawing;
  const empty = Array<null>(series.length).fill(null);
  return [series.seq, ...lines.map((line) => series.columns[line.column] ?? empty)];
}

function seriesOf(line: Line): uPlot.Series {
  const stroke = colour(line.colour);
  return {
    label: line.label,
    stroke,
    width: line.width,
    dash: line.dash ?? [],
    fill: line.area ? `color-mix(in srgb, ${stroke} 20%, transparent)` : "transparent",
    points: { show: false },
  };
}

function range(scale: Scale, data: [number | null, number | null]): [number, number] {
  if (scale.fixed !== undefined) return scale.fixed;
  const values = [...data, ...(scale.include ?? [])].filter((value): value is number => value !== null && Number.isFinite(value));
  if (values.length === 0) return [0, 1];
  const lowest = Math.min(...values);
  const highest = Math.max(...values);
  const margin = (highest - lowest || Math.abs(highest) || 1) * 0.06;
  return [lowest === 0 ? 0 : lowest - margin, highest === 0 ? 0 : highest + margin];
}

/** The range of nearly all visible values. */
function bulk(u: uPlot): [number | null, number | null] {
  const [seq = [], ...columns] = u.data;
  const { min = -Infinity, max = Infinity } = u.scales.x ?? {};
  const stride = Math.max(1, Math.floor(seq.length / BULK_SAMPLES));
  const values: number[] = [];
  for (const column of columns) {
    for (let i = 0; i < seq.length; i += stride) {
      const [row = 0, value] = [seq[i], column[i]];
      if (row >= min && row <= max && value != null) values.push(value);
    }
  }
  values.sort((a, b) => a - b);
  const cut = Math.floor(values.length * BULK_CUT);
  return [values[cut] ?? null, values[values.length - 1 - cut] ?? null];
}

function ticksOf(u: uPlot, series: Series) {
  const { min = 0, max = 1 } = u.scales.x ?? {};
  return timeTicks(series.seq, series.ts, min, max, Math.max(2, Math.floor(u.bbox.width / devicePixelRatio / LABEL_PX)));
}

function timesOf(series: Series) {
  return (u: uPlot, rows: number[]) => {
    const { stepMs } = ticksOf(u, series);
    return rows.map((seq) => {
      const ms = series.ts[series.indexAt(seq)];
      return ms === undefined ? "" : tick(ms, stepMs);
    });
  };
}

function paintReference(u: uPlot, reference: number | null): void {
  if (reference === null) return;
  const { ctx, bbox } = u;
  const y = Math.round(u.valToPos(reference, "y", true)) + 0.5;
  if (y < bbox.top || y > bbox.top + bbox.height) return;
  ctx.save();
  ctx.strokeStyle = colour("muted");
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

function paintMarkers(u: uPlot, markers: readonly Marker[]): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  ctx.font = `${10 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  let free = bbox.left;
  for (const { seq, colour: name, text } of markers) {
    const x = Math.round(u.valToPos(seq, "x", true)) + 0.5;
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = ctx.fillStyle = colour(name);
    ctx.setLineDash(text === undefined ? [2 * devicePixelRatio, 2 * devicePixelRatio] : []);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    if (text === undefined) continue;
    const [start, width] = [x + 3 * devicePixelRatio, ctx.measureText(text).width];
    if (start < free || start + width > bbox.left + bbox.width) continue;
    ctx.fillText(text, start, bbox.top);
    free = start + width + 3 * devicePixelRatio;
  }
  ctx.restore();
}
