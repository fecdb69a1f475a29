// One series as it is tracked: read by REST, carried on by the stream, holes read again.

import type { Page } from "../api/client";
import type { SeriesAnswer } from "../api/wire";
import { Series, type Row } from "./series";

/** The newest so many bars, or all of them. */
export type Span = number | "all";

const PAGE = 10_000;
/** More rows than this are thinned out by the server. */
const RAW_ROWS = 8_000;
const MAX_POINTS = 4_000;
/** A hole longer than this is not read row by row. */
const LONG_HOLE = 4_000;

export class Tracked {
  readonly series = new Series();
  /** Grows with each change: what draws the series reads it. */
  version = $state(0);
  loaded = $state(false);
  /** Length of the window that the rows are taken over, where the series has one. */
  window = $state<number | null>(null);
  /** The newest row up to which nothing is missing. */
  private solid = -1;
  private span: Span = "all";
  private loads = 0;

  constructor(private readonly fetch: (page: Page) => Promise<SeriesAnswer>) {}

  /** Read the whole span anew. */
  async load(span: Span, newest: number): Promise<void> {
    const mine = ++this.loads;
    this.span = span;
    const thin = span === "all" && newest >= RAW_ROWS;
    const page: Page = thin
      ? { from_seq: 0, max_points: MAX_POINTS }
      : { from_seq: span === "all" ? 0 : Math.max(0, newest - span + 1), limit: PAGE };
    const answer = await this.fetchRows(page, span);
    if (mine !== this.loads) return;
    // What the stream brought while this was read stays.
    const newer = this.rowsAfter(answer.to_seq ?? -1);
    this.series.replace(answer.columns);
    this.window = answer.window ?? null;
    if (newer !== null) this.series.merge(newer);
    this.solid = answer.to_seq ?? newest;
    this.loaded = true;
    this.version += 1;
  }

  /** The rows of a page; where the series ended before it, its newest rows. */
  private async fetchRows(page: Page, span: Span): Promise<SeriesAnswer> {
    const answer = await this.fetch(page);
    if (span === "all" || page.from_seq === 0 || answer.columns.seq?.length !== 0) return answer;
    const { to_seq: last } = await this.fetch({ from_seq: 0, max_points: 2 });
    return last === null ? answer : this.fetch({ from_seq: Math.max(0, last - span + 1), limit: PAGE });
  }

  /** A row of the stream; `whole` says that none was left out before it. */
  append(row: Row, whole: boolean): void {
    if (whole && this.solid >= row.seq - 1) this.solid = Math.max(this.solid, row.seq);
    this.series.append(row);
    this.trim();
    this.version += 1;
  }

  /** Whether so many rows have come that they are to be thinned out, which `catchUp` does. */
  get long(): boolean {
    return this.series.length > 2 * RAW_ROWS;
  }

  /** Read again what the stream left out, and everything from `from` on. */
  async catchUp(newest: number, from = Infinity): Promise<void> {
    let next: number | null = Math.min(from, this.solid + 1);
    if (this.long || newest - next > (this.span === "all" ? LONG_HOLE : this.span)) {
      await this.load(this.span, newest);
      return;
    }
    if (next > newest) return;
    const mine = this.loads;
    while (next !== null) {
      const answer: SeriesAnswer = await this.fetch({ from_seq: next, limit: PAGE });
      if (mine !== this.loads) return;
      this.series.merge(answer.columns);
      this.solid = Math.max(this.solid, answer.to_seq ?? -1, answer.next_seq === null ? newest : -1);
      next = answer.next_seq;
    }
    this.trim();
    this.version += 1;
  }

  private trim(): void {
    if (this.span !== "all") this.series.keep(this.span);
  }

  private rowsAfter(seq: number): Record<string, (number | null)[]> | null {
    const first = this.series.place(seq) + 1;
    if (!this.loaded || first >= this.series.length) return null;
    const columns = Object.entries(this.series.columns).map(([name, column]) => [name, column.slice(first)] as const);
    return { seq: this.series.seq.slice(first), ...Object.fromEntries(columns) };
  }
}
