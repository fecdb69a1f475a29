import { describe, expect, it } from "vitest";

import { DAY_MS, HOUR_MS, tick } from "../format/time";
import { timeTicks } from "./ticks";

const MONDAY = Date.UTC(2017, 0, 2);
/** Hourly bars of five weeks from Monday on, without weekends. */
const ts = Array.from({ length: 35 * 24 }, (_, i) => MONDAY + i * HOUR_MS).filter(
  (ms) => ![0, 6].includes(new Date(ms).getUTCDay()),
);
const seq = ts.map((_, i) => i);

describe("ticks of a time axis", () => {
  it("stand on Mondays for some weeks, though weekends take no room", () => {
    const { at, stepMs } = timeTicks(seq, ts, 0, seq.length - 1, 6);
    expect(stepMs).toBe(7 * DAY_MS);
    expect(at).toEqual([120, 240, 360, 480]);
    expect(at.map((one) => tick(ts[one] ?? 0, stepMs))).toEqual(["9 Jan", "16 Jan", "23 Jan", "30 Jan"]);
  });

  it("stand on round hours for a day", () => {
    const { at, stepMs } = timeTicks(seq, ts, 24, 47, 5);
    expect(at.map((one) => tick(ts[one] ?? 0, stepMs))).toEqual(["3 Jan", "06:00", "12:00", "18:00"]);
  });

  it("are never more than about what was asked for, and none without bars", () => {
    for (const most of [2, 3, 8, 15]) {
      expect(timeTicks(seq, ts, 0, seq.length - 1, most).at.length).toBeLessThanOrEqual(2 * most);
    }
    expect(timeTicks([], [], 0, 10, 5).at).toEqual([]);
  });
});
