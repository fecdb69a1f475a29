// One series that follows the run: read by REST, continued by the stream, gaps read again by REST.

import type { Page } from "../api/client";
import type { SeriesPage } from "../api/wire";
import { Series, type Row } from "./series";

/** The number of newest bars, or all of them. */
export type Span = number | "all";

const PAGE = 10_000;
/** The server downsamples more rows than this. */
const RAW_ROWS = 8_000;
const MAX_POINTS = 4_000;
/** A longer gap is not read row by row. */
const LONG_GAP = 4_000;

export class Tracked {
  readonly series = new Series();
  /** Increases with each change; charts depend on it. */
  version = $state(0);
  loaded = $state(false);
  /** Length of the window of a windowed series, in labels. */
  window = $state<number | null>(null);
  /** The newest row without a gap before it. */
  private contiguous = -1;
  private span: Span = "all";
  private loads = 0;

  constructor(private readonly fetch: (page: Page) => Promise<SeriesPage>) {}

  /** Read the whole span again. */
  async load(span: Span, newest: number): Promise<void> {
    const load = ++this.loads;
    this.span = span;
    const downsampled = span === "all" && newest >= RAW_ROWS;
    const page: Page = downsampled
      ? { from_seq: 0, max_points: MAX_POINTS }
      : { from_seq: span === "all" ? 0 : Math.max(0, newest - span + 1), limit: PAGE };
    const rows = await this.fetchRows(page, span);
    if (load !== this.loads) return;
    // Rows that the stream has added during the request stay.
    const newer = this.rowsAfter(rows.to_seq ?? -1);
    this.series.replace(rows.columns);
    this.window = rows.window ?? null;
    if (newer !== null) this.series.merge(newer);
    this.contiguous = rows.to_seq ?? newest;
    this.loaded = true;
    this.version += 1;
  }

  /** The rows of a page, or the newest rows of a series that ended before it. */
  private async fetchRows(page: Page, span: Span): Promise<SeriesPage> {
    const rows = await this.fetch(page);
    if (span === "all" || page.from_seq === 0 || rows.columns.seq?.length !== 0) return rows;
    const { to_seq: last } = await this.fetch({ from_seq: 0, max_points: 2 });
    return last === null ? rows : this.fetch({ from_seq: Math.max(0, last - span + 1), limit: PAGE });
  }

  /** Add a row of the stream; `complete` means that no row is missing before it. */
  append(row: Row, complete: boolean): void {
    if (complete && this.contiguous >= row.seq - 1) this.contiguous = Math.max(this.contiguous, row.seq);
    this.series.append(row);
    this.trim();
    this.version += 1;
  }

  /** Whether the series has too many rows; `catchUp` then downsamples it. */
  get tooLong(): boolean {
    return this.series.length > 2 * RAW_ROWS;
  }

  /** Read the rows that the stream left out, and all rows from `from` on. */
  async catchUp(newest: number, from = Infinity): Promise<void> {
    let next: number | null = Math.min(from, this.contiguous + 1);
    if (this.tooLong || newest - next > (this.span === "all" ? LONG_GAP : this.span)) {
      await this.load(this.span, newest);
      return;
    }
    if (next > newest) return;
    const load = this.loads;
    while (next !== null) {
      const rows: SeriesPage = await this.fetch({ from_seq: next, limit: PAGE });
      if (load !== this.loads) return;
      this.series.merge(rows.columns);
      this.contiguous = Math.max(this.contiguous, rows.to_seq ?? -1, rows.next_seq === null ? newest : -1);
      next = rows.next_seq;
    }
    this.trim();
    this.version += 1;
  }

  private trim(): void {
    if (this.span !== "all") this.series.truncate(this.span);
  }

  private rowsAfter(seq: number): Record<string, (number | null)[]> | null {
    const first = this.series.indexAt(seq) + 1;
    if (!this.loaded || first >= this.series.length) return null;
    const columns = Object.entries(this.series.columns).map(([name, column]) => [name, column.slice(first)] as const);
    return { seq: this.series.seq.slice(first), ...Object.fromEntries(columns) };
  }
}
