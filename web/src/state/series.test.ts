import { describe, expect, it } from "vitest";

import { Series } from "./series";

function filled(): Series {
  const series = new Series();
  series.replace({ seq: [0, 1, 4], ts_ms: [0, 10, 40], bar_open_ms: [0, 10, 40], value: [1, 2, 5] });
  return series;
}

describe("a series of history and stream", () => {
  it("appends a streamed row, with null in its missing columns", () => {
    const series = filled();
    series.append({ seq: 5, ts_ms: 50, bar_open_ms: 50, other: 7 });
    expect(series.seq).toEqual([0, 1, 4, 5]);
    expect(series.column("value")).toEqual([1, 2, 5, null]);
    expect(series.column("other")).toEqual([null, null, null, 7]);
  });

  it("fills gaps and corrects streamed values from the history", () => {
    const series = filled();
    series.merge({ seq: [2, 3, 4, 6], ts_ms: [20, 30, 40, 60], bar_open_ms: [20, 30, 40, 60], value: [3, 4, null, 7] });
    expect(series.seq).toEqual([0, 1, 2, 3, 4, 6]);
    expect(series.column("value")).toEqual([1, 2, 3, 4, null, 7]);
    expect(series.ts).toEqual([0, 10, 20, 30, 40, 60]);
  });

  it("leaves the columns that a partial row does not have", () => {
    const series = filled();
    series.append({ seq: 4, ts_ms: 40, bar_open_ms: 40, other: 1 });
    expect(series.column("value")).toEqual([1, 2, 5]);
    expect(series.column("other")).toEqual([null, null, 1]);
  });

  it("is the same in any order of arrival", () => {
    const late = filled();
    late.append({ seq: 7, ts_ms: 70, bar_open_ms: 70, value: 8 });
    late.merge({ seq: [5, 6], ts_ms: [50, 60], bar_open_ms: [50, 60], value: [6, 7] });
    expect(late.seq).toEqual([0, 1, 4, 5, 6, 7]);
    expect(late.column("value")).toEqual([1, 2, 5, 6, 7, 8]);
  });

  it("finds indexes and drops the oldest rows", () => {
    const series = filled();
    expect([-1, 0, 3, 4, 9].map((seq) => series.indexAt(seq))).toEqual([-1, 0, 1, 2, 2]);
    series.truncate(2);
    expect(series.seq).toEqual([1, 4]);
    expect(series.column("value")).toEqual([2, 5]);
  });
});
