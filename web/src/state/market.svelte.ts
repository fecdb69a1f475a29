// The data of one symbol.

import type { Client } from "../api/client";
import type { Cell, Regimes, Reliability, Step } from "../api/wire";
import { Events } from "./events.svelte";
import { Throttle } from "./throttle";
import { Tracked, type Span } from "./tracked.svelte";

/** The target whose forecast has a level. */
export const VOLATILITY = "volatility";
const NEAR_MS = 400;
const FAR_MS = 1_500;
/** A forecast within this many rows of the newest may not have its realised value yet. */
const PENDING_ROWS = 250;

/** Rows in which there is a label, unless every return is zero. */
const RECENT_ROWS = 100;

export interface SkillSince {
  target: string;
  from: number;
  skills: Record<string, Cell>;
}

export class Market {
  readonly bars: Tracked;
  readonly forecast: Tracked;
  readonly equity: Tracked;
  readonly skills: Record<string, Tracked>;
  readonly weights: Record<string, Tracked>;
  readonly events: Events;
  reliability = $state.raw<Record<string, Reliability>>({});
  regimes = $state.raw<Regimes | null>(null);
  /** Skill of each member on the labels since a change of the market. */
  skillSince = $state.raw<SkillSince | null>(null);
  /** The newest row that the page has received. */
  newest = $state(-1);
  private readonly nearGaps = new Throttle(NEAR_MS, () => this.guarded(() => this.readNear()));
  private readonly farGaps = new Throttle(FAR_MS, () => this.guarded(() => this.readFar()));
  private rereadForecast = false;
  /** Events of all rows up to this one are known, but events from row `eventsFrom` on may be missing. */
  private eventsTo = -1;
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
    this.skills = perTarget((target) => new Tracked((page) => client.history(symbol, target, page)));
    this.weights = perTarget((target) => new Tracked((page) => client.predictions(symbol, target, page)));
    this.events = new Events(client, symbol);
  }

  /** Read all data, at least up to row `newest`. */
  async load(near: Span, far: Span, newest: number): Promise<void> {
    this.newest = Math.max(this.newest, newest);
    this.eventsTo = newest;
    await Promise.all([this.loadNear(near), this.loadFar(far), this.events.load(), this.loadReliability(), this.loadRegimes()]);
  }

  async loadNear(span: Span): Promise<void> {
    await Promise.all(this.near.map((tracked) => tracked.load(span, this.newest)));
  }

  async loadFar(span: Span): Promise<void> {
    await Promise.all(this.far.map((tracked) => tracked.load(span, this.newest)));
  }

  async loadReliability(): Promise<void> {
    const tables = await Promise.all(
      this.targets.map(async (target) => [target, await this.client.reliability(this.symbol, target)] as const),
    );
    this.reliability = Object.fromEntries(tables);
  }

  async loadRegimes(): Promise<void> {
    this.regimes = await this.client.regimes(this.symbol);
  }

  /** Read the skill on the labels since row `from`. */
  async loadSkillSince(target: string, from: number): Promise<void> {
    const window = this.newest - from;
    if (window < 1) return;
    const page = { from_seq: Math.max(from, this.newest - RECENT_ROWS), limit: RECENT_ROWS + 1 };
    const { columns } = await this.client.history(this.symbol, target, page, window);
    const skills = Object.entries(columns).flatMap(([name, cells]) => (name.startsWith("skill_") ? [[name, cells.at(-1) ?? null]] : []));
    this.skillSince = { target, from, skills: Object.fromEntries(skills) };
  }

  /** Add one message of the stream. */
  apply(seq: number, step: Step): void {
    const complete = step.steps === 1;
    const time = { seq, ts_ms: step.ts_ms, bar_open_ms: step.bar_open_ms };
    if (seq - step.steps > this.eventsTo) this.markGap(this.eventsTo + 1);
    this.newest = Math.max(this.newest, seq);
    this.eventsTo = Math.max(this.eventsTo, seq);
    // Candles with gaps would mislead, so they wait for the missing rows; lines may be coarse for a moment.
    if (step.bar !== null && complete) this.bars.append({ ...time, ...step.bar }, complete);
    this.equity.append({ ...time, ...step.equity }, complete);
    for (const served of step.served) {
      const weights = step.weights[served.target] ?? {};
      const prefixed = Object.fromEntries(Object.entries(weights).map(([name, weight]) => [`weight_${name}`, weight]));
      const row = { ...time, probability: served.probability, confidence: served.confidence, ...prefixed };
      this.weights[served.target]?.append(row, complete);
      if (served.target === VOLATILITY && complete) this.forecast.append({ ...row, volatility_forecast: step.volatility.forecast }, complete);
    }
    for (const target of new Set(step.labels.map((label) => label.target))) {
      const skills = Object.entries(step.skill[target] ?? {}).map(([name, skill]) => [`skill_${name}`, skill]);
      this.skills[target]?.append({ ...time, ...Object.fromEntries(skills) }, complete);
      if (target === VOLATILITY) this.rereadForecast = true;
    }
    this.events.add(step.fills, step.alarms, step.adaptations);
    if (!complete || this.rereadForecast || this.bars.tooLong) this.nearGaps.request();
    if (!complete || this.equity.tooLong) this.farGaps.request();
  }

  /** Rows from this one on are missing from the stream. */
  markGap(from: number): void {
    this.eventsFrom = Math.min(this.eventsFrom, from);
    this.nearGaps.request();
    this.farGaps.request();
  }

  close(): void {
    this.closed = true;
    this.nearGaps.cancel();
    this.farGaps.cancel();
  }

  private get near(): Tracked[] {
    return [this.bars, this.forecast];
  }

  private get far(): Tracked[] {
    return [this.equity, ...Object.values(this.skills), ...Object.values(this.weights)];
  }

  private async readNear(): Promise<void> {
    const oldest = this.rereadForecast ? this.oldestPending() : Infinity;
    this.rereadForecast = false;
    await Promise.all([this.bars.catchUp(this.newest), this.forecast.catchUp(this.newest, oldest)]);
  }

  private async readFar(): Promise<void> {
    const from = this.eventsFrom;
    this.eventsFrom = Infinity;
    try {
      await Promise.all([...this.far.map((tracked) => tracked.catchUp(this.newest)), from < Infinity ? this.events.load(from) : null]);
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

  /** The row of the oldest forecast without a realised value. */
  private oldestPending(): number {
    const { series } = this.forecast;
    const realised = series.column("volatility_realised");
    for (let i = Math.max(0, series.length - PENDING_ROWS); i < series.length; i += 1) {
      if (realised[i] === null || realised[i] === undefined) return series.seq[i] ?? 0;
    }
    return Infinity;
  }
}
