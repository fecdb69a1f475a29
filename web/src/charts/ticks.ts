// Ticks of a time axis whose positions are bars, not seconds: nights and weekends take no space, and labels still stand on round times.

import { DAY_MS, HOUR_MS, MINUTE_MS } from "../format/time";

const STEPS_MS = [
  MINUTE_MS,
  5 * MINUTE_MS,
  15 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  DAY_MS,
  2 * DAY_MS,
  7 * DAY_MS,
];
const MONTH_MS = 30.44 * DAY_MS;
const MONTHS = [1, 2, 3, 6, 12, 24, 60, 120];
/** Days are counted from a Monday, so that steps of a week fall on Mondays. */
const MONDAY_MS = 4 * DAY_MS;
/** Two labels are at least this fraction of a label's space apart, and the last one is half of it away from the end. */
const MIN_GAP = 0.8;

export interface Ticks {
  /** Row numbers of the labelled bars. */
  rows: number[];
  stepMs: number;
}

/** The rows at which a round time is first reached, between the rows `low` and `high`, on an axis with space for `most` labels. */
export function timeTicks(seq: readonly number[], ts: readonly number[], low: number, high: number, most: number): Ticks {
  const first = seq.findIndex((row) => row >= low);
  const last = seq.findLastIndex((row) => row <= high);
  const from = ts[first];
  const to = ts[last];
  if (from === undefined || to === undefined || last <= first || most < 1) return { rows: [], stepMs: DAY_MS };
  // A young series fills the end of the axis only, with space for fewer labels.
  const filled = ((seq[last] ?? high) - (seq[first] ?? low)) / (high - low);
  const { stepMs, stepOf } = stepFor((to - from) / Math.max(1, most * filled));
  const rows: number[] = [];
  let previous = stepOf(first > 0 ? (ts[first - 1] ?? from) : from);
  for (let i = first; i <= last; i += 1) {
    const step = stepOf(ts[i] ?? from);
    if (step !== previous) rows.push(seq[i] ?? low);
    previous = step;
  }
  const gap = (MIN_GAP * (high - low)) / most;
  return { rows: separated(rows.filter((row) => row <= high - gap / 2), gap), stepMs };
}

/** Without the rows that are closer than `gap` to the one before: a night without bars passes several round times at once. */
function separated(rows: number[], gap: number): number[] {
  const kept: number[] = [];
  for (const row of rows) {
    const previous = kept.at(-1);
    if (previous === undefined || row - previous >= gap) kept.push(row);
  }
  return kept;
}

/** The shortest step of at least this length, and the number of the step that a time lies in. */
function stepFor(wantedMs: number): { stepMs: number; stepOf: (ms: number) => number } {
  const step = STEPS_MS.find((ms) => ms >= wantedMs);
  if (step !== undefined) return { stepMs: step, stepOf: (ms) => Math.floor((ms - MONDAY_MS) / step) };
  const months = MONTHS.find((count) => count * MONTH_MS >= wantedMs) ?? 240;
  const stepOf = (ms: number) => {
    const day = new Date(ms);
    return Math.floor((day.getUTCFullYear() * 12 + day.getUTCMonth()) / months);
  };
  return { stepMs: months * MONTH_MS, stepOf };
}
