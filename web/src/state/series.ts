// Columns of one series, sorted by the row number of the journal. Values of the history replace values of the stream.

import type { Cell } from "../api/wire";
import { barMs, barsAreDays } from "../format/time";

export type Columns = Record<string, Cell[]>;
export type Row = Record<string, Cell> & { seq: number; ts_ms: number; bar_open_ms: number };

export class Series {
  seq: number[] = [];
  columns: Columns = {};

  get length(): number {
    return this.seq.length;
  }

  get last(): number | null {
    return this.seq.at(-1) ?? null;
  }

  /** The position of each bar on the time axis; see `barMs`. */
  get ts(): number[] {
    const opens = (this.columns.bar_open_ms ?? []) as number[];
    return barsAreDays() ? opens.map(barMs) : opens;
  }

  column(name: string): Cell[] {
    return this.columns[name] ?? [];
  }

  replace(columns: Columns): void {
    const { seq, ...others } = columns;
    this.seq = (seq ?? []) as number[];
    this.columns = others;
  }

  /** Add one row at the end; values of an existing row are overwritten. */
  append(row: Row): void {
    const last = this.last;
    if (last === null || row.seq > last) {
      const length = this.length;
      this.seq.push(row.seq);
      for (const name of new Set([...Object.keys(this.columns), ...Object.keys(row)])) {
        if (name === "seq") continue;
        const column = (this.columns[name] ??= Array<Cell>(length).fill(null));
        column.push(row[name] ?? null);
      }
    } else {
      this.merge(Object.fromEntries(Object.entries(row).map(([name, value]) => [name, [value]])));
    }
  }

  /** Insert rows in order; values of existing rows are overwritten. */
  merge(columns: Columns): void {
    const added = (columns.seq ?? []) as number[];
    if (added.length === 0) return;
    const names = [...new Set([...Object.keys(this.columns), ...Object.keys(columns)])].filter((name) => name !== "seq");
    const merged = new Series();
    for (const name of names) merged.columns[name] = [];
    let ownIndex = 0;
    let addedIndex = 0;
    while (ownIndex < this.seq.length || addedIndex < added.length) {
      const ownSeq = this.seq[ownIndex] ?? Infinity;
      const addedSeq = added[addedIndex] ?? Infinity;
      merged.seq.push(Math.min(ownSeq, addedSeq));
      for (const name of names) {
        const addedValue = addedSeq <= ownSeq ? columns[name]?.[addedIndex] : undefined;
        const ownValue = ownSeq <= addedSeq ? this.columns[name]?.[ownIndex] : undefined;
        merged.columns[name]?.push((addedValue === undefined ? ownValue : addedValue) ?? null);
      }
      if (ownSeq <= addedSeq) ownIndex += 1;
      if (addedSeq <= ownSeq) addedIndex += 1;
    }
    this.seq = merged.seq;
    this.columns = merged.columns;
  }

  /** Drop the oldest rows. */
  truncate(rows: number): void {
    if (this.length <= rows) return;
    this.seq = this.seq.slice(-rows);
    for (const [name, column] of Object.entries(this.columns)) this.columns[name] = column.slice(-rows);
  }

  /** The index of the row with this number, or of the newest row before it; -1 before the first. */
  indexAt(seq: number): number {
    let low = 0;
    let high = this.seq.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.seq[middle] ?? Infinity) <= seq) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
