import { describe, expect, it } from "vitest";

import { DAY_MS, HOUR_MS, tick } from "../format/time";
import { timeTicks } from "./ticks";

const MONDAY = Date.UTC(2017, 0, 2);
/** Hourly bars of five weeks from Monday on, without weekends. */
const ts = Array.from({ length: 35 * 24 }, (_, i) => MONDAY + i * HOUR_MS).filter(
  (ms) => ![0, 6].includes(new Date(ms).getUTCDay()),
);
const seq = ts.map((_, i) => i);

/** Distances between neighbouring ticks. */
function gaps(rows: number[]): number[] {
  return rows.slice(1).map((row, i) => row - (rows[i] ?? 0));
}

describe("ticks of a time axis", () => {
  it("stand on Mondays for some weeks, though weekends take no space", () => {
    const { rows, stepMs } = timeTicks(seq, ts, 0, seq.length - 1, 6);
    expect(stepMs).toBe(7 * DAY_MS);
    expect(rows).toEqual([120, 240, 360, 480]);
    expect(rows.map((row) => tick(ts[row] ?? 0, stepMs))).toEqual(["9 Jan", "16 Jan", "23 Jan", "30 Jan"]);
  });

  it("stand on round hours for a day", () => {
    const { rows, stepMs } = timeTicks(seq, ts, 24, 47, 5);
    expect(rows.map((row) => tick(ts[row] ?? 0, stepMs))).toEqual(["3 Jan", "06:00", "12:00", "18:00"]);
  });

  it("never overlap and are not cut at the end, however few the bars", () => {
    for (let bars = 2; bars < seq.length; bars += 7) {
      for (const most of [2, 3, 6, 15]) {
        const { rows } = timeTicks(seq, ts, 0, bars - 1, most);
        const space = (bars - 1) / most;
        expect(rows.length).toBeLessThanOrEqual(Math.ceil(most / 0.8));
        for (const gap of gaps(rows)) expect(gap).toBeGreaterThanOrEqual(0.8 * space);
        for (const row of rows) expect(row).toBeLessThanOrEqual(bars - 1 - 0.4 * space);
      }
    }
  });

  it("stand on days, not hours, where a young series fills the end of the axis only", () => {
    const { rows, stepMs } = timeTicks(seq.slice(108), ts.slice(108), 0, 130, 6);
    expect(rows.map((row) => tick(ts[row] ?? 0, stepMs))).toEqual(["9 Jan"]);
  });

  it("are none without bars", () => {
    expect(timeTicks([], [], 0, 10, 5).rows).toEqual([]);
  });
});
