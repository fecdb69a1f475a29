// Everything the page shows of one symbol.

import type { Client } from "../api/client";
import type { Regimes, Reliability, Step } from "../api/wire";
import { Events } from "./events.svelte";
import { Throttle } from "./throttle";
import { Tracked, type Span } from "./tracked.svelte";

/** The forecast of a target with this name has a level. */
export const VOLATILITY = "volatility";
const NEAR_MS = 400;
const FAR_MS = 1_500;
/** Rows back from the newest within which a forecast may still be waiting for what comes true. */
const PENDING_ROWS = 250;

export class Market {
  readonly bars: Tracked;
  readonly forecast: Tracked;
  readonly equity: Tracked;
  readonly gains: Record<string, Tracked>;
  readonly weights: Record<string, Tracked>;
  readonly events: Events;
  reliability = $state.raw<Record<string, Reliability>>({});
  regimes = $state.raw<Regimes | null>(null);
  /** The newest row that this page knows of. */
  newest = $state(-1);
  private readonly nearHoles = new Throttle(NEAR_MS, () => this.guarded(() => this.readNear()));
  private readonly farHoles = new Throttle(FAR_MS, () => this.guarded(() => this.readFar()));
  private rereadForecast = false;
  /** Events are known of all rows up to this one, and may be missing from `eventsFrom` on. */
  private told = -1;
  private eventsFrom = Infinity;
  private closed = false;

  constructor(
    private readonly client: Client,
    readonly symbol: string,
    readonly targets: readonly string[],
    readonly onFailure: (error: unknown) => void,
  ) {
    this.bars = new Tracked((page) => client.bars(symbol, page));
    this.forecast = new Tracked((page) => client.predictions(symbol, VOLATILITY, page));
    this.equity = new Tracked((page) => client.equity(page));
    const perTarget = (make: (target: string) => Tracked) =>
      Object.fromEntries(targets.map((target) => [target, make(target)]));
    this.gains = perTarget((target) => new Tracked((page) => client.history(symbol, target, page)));
    this.weights = perTarget((target) => new Tracked((page) => client.predictions(symbol, target, page)));
    this.events = new Events(client, symbol);
  }

  /** Read everything, so that it holds at least up to row `newest`. */
  async load(near: Span, far: Span, newest: number): Promise<void> {
    this.newest = Math.max(this.newest, newest);
    this.told = newest;
    await Promise.all([this.loadNear(near), this.loadFar(far), this.events.load(), this.loadReliability(), this.loadRegimes()]);
  }

  async loadNear(span: Span): Promise<void> {
    await Promise.all(this.near.map((one) => one.load(span, this.newest)));
  }

  async loadFar(span: Span): Promise<void> {
    await Promise.all(this.far.map((one) => one.load(span, this.newest)));
  }

  async loadReliability(): Promise<void> {
    const found = await Promise.all(
      this.targets.map(async (target) => [target, await this.client.reliability(this.symbol, target)] as const),
    );
    this.reliability = Object.fromEntries(found);
  }

  async loadRegimes(): Promise<void> {
    this.regimes = await this.client.regimes(this.symbol);
  }

  /** Draw one frame of the stream in. */
  take(seq: number, step: Step): void {
    const whole = step.steps === 1;
    const at = { seq, ts_ms: step.ts_ms, bar_open_ms: step.bar_open_ms };
    if (seq - step.steps > this.told) this.hole(this.told + 1);
    this.newest = Math.max(this.newest, seq);
    this.told = Math.max(this.told, seq);
    // Bars with holes between them would look like a market that never was; lines may be coarse for a moment.
    if (step.bar !== null && whole) this.bars.append({ ...at, ...step.bar }, whole);
    this.equity.append({ ...at, ...step.equity }, whole);
    for (const served of step.served) {
      const weights = step.weights[served.target] ?? {};
      const prefixed = Object.fromEntries(Object.entries(weights).map(([name, one]) => [`weight_${name}`, one]));
      const row = { ...at, probability: served.probability, confidence: served.confidence, ...prefixed };
      this.weights[served.target]?.append(row, whole);
      if (served.target === VOLATILITY && whole) this.forecast.append({ ...row, level: step.level.forecast }, whole);
    }
    for (const target of new Set(step.labels.map((label) => label.target))) {
      const gains = Object.entries(step.gains[target] ?? {}).map(([name, one]) => [`gain_${name}`, one]);
      this.gains[target]?.append({ ...at, ...Object.fromEntries(gains) }, whole);
      if (target === VOLATILITY) this.rereadForecast = true;
    }
    this.events.take(step.fills, step.alarms, step.adaptations);
    if (!whole || this.rereadForecast || this.bars.long) this.nearHoles.ask();
    if (!whole || this.equity.long) this.farHoles.ask();
  }

  /** The stream left out rows from this one on. */
  hole(from: number): void {
    this.eventsFrom = Math.min(this.eventsFrom, from);
    this.nearHoles.ask();
    this.farHoles.ask();
  }

  close(): void {
    this.closed = true;
    this.nearHoles.cancel();
    this.farHoles.cancel();
  }

  private get near(): Tracked[] {
    return [this.bars, this.forecast];
  }

  private get far(): Tracked[] {
    return [this.equity, ...Object.values(this.gains), ...Object.values(this.weights)];
  }

  private async readNear(): Promise<void> {
    const waiting = this.rereadForecast ? this.oldestPending() : Infinity;
    this.rereadForecast = false;
    await Promise.all([this.bars.catchUp(this.newest), this.forecast.catchUp(this.newest, waiting)]);
  }

  private async readFar(): Promise<void> {
    const from = this.eventsFrom;
    this.eventsFrom = Infinity;
    try {
      await Promise.all([...this.far.map((one) => one.catchUp(this.newest)), from < Infinity ? this.events.load(from) : null]);
    } catch (error) {
      this.eventsFrom = Math.min(this.eventsFrom, from);
      throw error;
    }
  }

  private async guarded(task: () => Promise<void>): Promise<void> {
    if (this.closed) return;
    try {
      await task();
    } catch (error) {
      this.onFailure(error);
    }
  }

  /** The oldest forecast of which is not known what came true. */
  private oldestPending(): number {
    const { series } = this.forecast;
    const realised = series.column("realised");
    for (let i = Math.max(0, series.length - PENDING_ROWS); i < series.length; i += 1) {
      if (realised[i] === null || realised[i] === undefined) return series.seq[i] ?? 0;
    }
    return Infinity;
  }
}
