// Columns of one series, sorted by the number of the journal's row. What history says replaces what the stream said.

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

  /** Where each bar stands on the axis of time: see `barMs`. */
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

  /** Add one row at the end; a row that is held already is overwritten where the new one knows more. */
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

  /** Take in rows wherever they belong; for a row that is held already theirs counts. */
  merge(columns: Columns): void {
    const added = (columns.seq ?? []) as number[];
    if (added.length === 0) return;
    const names = [...new Set([...Object.keys(this.columns), ...Object.keys(columns)])].filter((name) => name !== "seq");
    const merged = new Series();
    for (const name of names) merged.columns[name] = [];
    let held = 0;
    let given = 0;
    while (held < this.seq.length || given < added.length) {
      const mine = this.seq[held] ?? Infinity;
      const theirs = added[given] ?? Infinity;
      merged.seq.push(Math.min(mine, theirs));
      for (const name of names) {
        const value = theirs <= mine ? columns[name]?.[given] : undefined;
        const kept = mine <= theirs ? this.columns[name]?.[held] : undefined;
        merged.columns[name]?.push((value === undefined ? kept : value) ?? null);
      }
      if (mine <= theirs) held += 1;
      if (theirs <= mine) given += 1;
    }
    this.seq = merged.seq;
    this.columns = merged.columns;
  }

  /** Let go of the oldest rows. */
  keep(rows: number): void {
    if (this.length <= rows) return;
    this.seq = this.seq.slice(-rows);
    for (const [name, column] of Object.entries(this.columns)) this.columns[name] = column.slice(-rows);
  }

  /** The place of the row with this number, or of the newest before it; -1 before the first. */
  place(seq: number): number {
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
