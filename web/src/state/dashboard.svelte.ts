// What the page knows: the run, its sessions and books, one symbol's market, and the live connection that carries it all on.

import { Refused, Unreachable } from "../api/client";
import { Stream, type Link } from "../api/stream";
import type { Control, DriftStatus, Positions, SessionStatus, Step, SystemStatus } from "../api/wire";
import { setBarLength } from "../format/time";
import { client } from "./access.svelte";
import { BOOK } from "./events.svelte";
import { Market } from "./market.svelte";
import { Throttle } from "./throttle";
import type { Span } from "./tracked.svelte";

const SNAPSHOT_MS = 1_000;
const SLOW_SNAPSHOT_MS = 6_000;
const WARMING_MS = 1_500;
const RETRY_MS = 3_000;
const SYMBOL_KEY = "alpha-pulse.symbol";

class Dashboard {
  system = $state.raw<SystemStatus | null>(null);
  sessions = $state.raw<SessionStatus[]>([]);
  drift = $state.raw<Record<string, DriftStatus>>({});
  positions = $state.raw<Positions | null>(null);
  market = $state.raw<Market | null>(null);
  link = $state.raw<Link>({ state: "connecting" });
  /** What went wrong last, as a sentence; gone with the next success. */
  notice = $state<string | null>(null);
  /** Bars that price and volatility show, and those that everything slower shows. */
  near = $state<Span>(200);
  far = $state<Span>("all");

  private stream: Stream | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;
  /** Counts the times that reading began; what an older one brings is let go of. */
  private beginnings = 0;
  private readonly snapshot = new Throttle(SNAPSHOT_MS, () => this.guarded(() => this.readSnapshot()));
  private readonly slowSnapshot = new Throttle(SLOW_SNAPSHOT_MS, () => this.guarded(() => this.readSlowSnapshot()));

  /** Read the run and connect; goes on trying until `stop`. */
  start(): void {
    void this.begin();
  }

  stop(): void {
    clearTimeout(this.retry);
    this.snapshot.cancel();
    this.slowSnapshot.cancel();
    this.leave();
    this.market = null;
    this.system = null;
  }

  choose(symbol: string): void {
    sessionStorage.setItem(SYMBOL_KEY, symbol);
    this.restart();
  }

  async show(near: Span, far: Span): Promise<void> {
    const market = this.market;
    const nearer = near !== this.near;
    const farther = far !== this.far;
    this.near = near;
    this.far = far;
    if (market === null) return;
    await this.guarded(async () => {
      await Promise.all([nearer ? market.loadNear(near) : null, farther ? market.loadFar(far) : null]);
    });
  }

  /** Carry out a command and show at once what it did. */
  async command(task: () => Promise<Control>): Promise<void> {
    await this.guarded(async () => {
      this.control(await task(), false);
      this.notice = null;
    });
  }

  retryNow(): void {
    this.stream?.now();
    if (this.market === null) this.restart();
  }

  /** Read everything anew; what is shown stays until then. */
  private restart(): void {
    clearTimeout(this.retry);
    this.leave();
    void this.begin();
  }

  private async begin(): Promise<void> {
    const mine = ++this.beginnings;
    try {
      const system = await client.system();
      if (mine !== this.beginnings) return;
      setBarLength(system.feed.interval_s);
      this.system = system;
      this.notice = null;
      const wanted = sessionStorage.getItem(SYMBOL_KEY);
      const symbol = system.feed.symbols.find((one) => one === wanted) ?? system.feed.symbols[0];
      if (system.state === "warming" || symbol === undefined) {
        this.retry = setTimeout(() => void this.begin(), WARMING_MS);
        return;
      }
      const market = new Market(client, symbol, system.targets, (error) => this.failed(error));
      await market.load(this.near, this.far, system.seq);
      if (mine !== this.beginnings) return;
      this.market = market;
      this.connect(market);
      this.snapshot.ask();
      this.slowSnapshot.ask();
    } catch (error) {
      this.failed(error);
      if (mine === this.beginnings) this.retry = setTimeout(() => void this.begin(), RETRY_MS);
    }
  }

  private leave(): void {
    this.beginnings += 1;
    this.stream?.close();
    this.stream = null;
    this.market?.close();
  }

  private connect(market: Market): void {
    this.stream = new Stream(market.symbol, {
      ticket: async () => (await client.ticket()).ticket,
      fromSeq: () => market.newest + 1,
      onLink: (link) => (this.link = link),
      onControl: (control, hello) => this.control(control, hello),
      onStep: (seq, step) => this.step(market, seq, step),
      onGap: (from) => market.hole(from),
    });
  }

  private control(control: Control, hello: boolean): void {
    if (this.system === null) return;
    if (hello && this.market !== null && control.seq < this.market.newest) {
      // Another run than the one shown: everything is read anew.
      this.restart();
      return;
    }
    this.system = { ...this.system, ...control };
    this.snapshot.ask();
    this.slowSnapshot.ask();
  }

  private step(market: Market, seq: number, step: Step): void {
    market.take(seq, step);
    if (this.system !== null) this.system = { ...this.system, seq, ts_ms: step.ts_ms, bar_open_ms: step.bar_open_ms };
    this.snapshot.ask();
    this.slowSnapshot.ask();
  }

  private async readSnapshot(): Promise<void> {
    const [system, sessions, positions] = await Promise.all([client.system(), client.sessions(), client.positions()]);
    const shown = this.system;
    if (shown !== null && shown.run_id !== system.run_id) {
      this.restart();
      return;
    }
    this.system = system;
    this.sessions = sessions;
    this.positions = positions;
    if (this.market !== null && this.link.state !== "live" && system.seq > this.market.newest) {
      this.market.hole(this.market.newest + 1);
      this.market.newest = system.seq;
    }
    if (this.link.state === "live") this.notice = null;
  }

  private async readSlowSnapshot(): Promise<void> {
    const market = this.market;
    const [drift] = await Promise.all([
      client.drift(),
      market?.loadReliability(),
      market?.loadRegimes(),
      market?.events.loadAdaptations(),
    ]);
    this.drift = Object.fromEntries(drift.map((one) => [one.session_id, one]));
  }

  private async guarded(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.failed(error);
    }
  }

  private failed(error: unknown): void {
    if (error instanceof Unreachable || error instanceof Refused) {
      if (!(error instanceof Refused && error.status === 401)) this.notice = error.message;
      return;
    }
    throw error;
  }
}

export const dashboard = new Dashboard();

/** What the traded book holds of a symbol; null when nothing is known yet. */
export function held(positions: Positions | null, symbol: string) {
  return positions?.positions.find((one) => one.book === BOOK && one.symbol === symbol) ?? null;
}
