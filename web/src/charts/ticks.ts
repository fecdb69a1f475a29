// Ticks of a time axis whose places are bars, not seconds: nights and weekends take no room, dates still fall on round times.

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

export interface Ticks {
  at: number[];
  stepMs: number;
}

/** The bars (by number) at which a round time is first reached, at most `most` of them between the bars `low` and `high`. */
export function timeTicks(seq: readonly number[], ts: readonly number[], low: number, high: number, most: number): Ticks {
  const first = seq.findIndex((one) => one >= low);
  const last = seq.findLastIndex((one) => one <= high);
  const from = ts[first];
  const to = ts[last];
  if (from === undefined || to === undefined || last <= first || most < 1) return { at: [], stepMs: DAY_MS };
  const round = rounding((to - from) / most);
  const at: number[] = [];
  let before = round.floor(first > 0 ? (ts[first - 1] ?? from) : from);
  for (let i = first; i <= last; i += 1) {
    const now = round.floor(ts[i] ?? from);
    if (now !== before) at.push(seq[i] ?? low);
    before = now;
  }
  return { at: thinned(at, (high - low) / most), stepMs: round.stepMs };
}

/** Without ticks that stand closer than half of what is wanted: an overnight gap crosses several round times at once. */
function thinned(at: number[], wanted: number): number[] {
  const kept: number[] = [];
  for (const one of at) {
    const newest = kept.at(-1);
    if (newest === undefined || one - newest >= wanted / 2) kept.push(one);
  }
  return kept;
}

function rounding(wantedMs: number): { stepMs: number; floor: (ms: number) => number } {
  const step = STEPS_MS.find((one) => one >= wantedMs);
  if (step !== undefined) return { stepMs: step, floor: (ms) => Math.floor((ms - MONDAY_MS) / step) };
  const months = MONTHS.find((one) => one * MONTH_MS >= wantedMs) ?? 240;
  const floor = (ms: number) => {
    const at = new Date(ms);
    return Math.floor((at.getUTCFullYear() * 12 + at.getUTCMonth()) / months);
  };
  return { stepMs: months * MONTH_MS, floor };
}
