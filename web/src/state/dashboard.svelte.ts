// The state of the page: the run, its sessions and books, the market of one symbol, and the live connection.

import { NetworkError, ResponseError } from "../api/client";
import { Stream, type ConnectionState } from "../api/stream";
import type { Compiling, Control, DriftStatus, Positions, SessionServing, SessionStatus, Step, SystemStatus } from "../api/wire";
import { setBarLength } from "../format/time";
import { client } from "./access.svelte";
import { BOOK } from "./events.svelte";
import { Market } from "./market.svelte";
import { PLANTED_TARGET, reached } from "./story";
import { Throttle } from "./throttle";
import type { Span } from "./tracked.svelte";

const SNAPSHOT_MS = 1_000;
const SLOW_SNAPSHOT_MS = 6_000;
const WARMING_MS = 1_500;
const RETRY_MS = 3_000;
const SYMBOL_KEY = "alpha-pulse.symbol";

class Dashboard {
  system = $state.raw<SystemStatus | null>(null);
  /** Set while the engine is compiled; until then there is no system. */
  compiling = $state.raw<Compiling | null>(null);
  sessions = $state.raw<SessionStatus[]>([]);
  serving = $state.raw<SessionServing[]>([]);
  drift = $state.raw<Record<string, DriftStatus>>({});
  positions = $state.raw<Positions | null>(null);
  market = $state.raw<Market | null>(null);
  connection = $state.raw<ConnectionState>({ state: "connecting" });
  /** The last error, as a sentence; null after the next success. */
  notice = $state<string | null>(null);
  /** Bars shown in price and volatility, and bars shown in equity, skill and weights. */
  near = $state<Span>(200);
  far = $state<Span>("all");

  private stream: Stream | null = null;
  private retry: ReturnType<typeof setTimeout> | undefined;
  /** Counts the loads; the results of an older load are dropped. */
  private loads = 0;
  private readonly snapshot = new Throttle(SNAPSHOT_MS, () => this.guarded(() => this.readSnapshot()));
  private readonly slowSnapshot = new Throttle(SLOW_SNAPSHOT_MS, () => this.guarded(() => this.readSlowSnapshot()));

  /** Load the run and connect; retries until `stop`. */
  start(): void {
    void this.load();
  }

  stop(): void {
    clearTimeout(this.retry);
    this.snapshot.cancel();
    this.slowSnapshot.cancel();
    this.disconnect();
    this.market = null;
    this.system = null;
  }

  choose(symbol: string): void {
    sessionStorage.setItem(SYMBOL_KEY, symbol);
    this.restart();
  }

  async show(near: Span, far: Span): Promise<void> {
    const market = this.market;
    const nearChanged = near !== this.near;
    const farChanged = far !== this.far;
    this.near = near;
    this.far = far;
    if (market === null) return;
    await this.guarded(async () => {
      await Promise.all([nearChanged ? market.loadNear(near) : null, farChanged ? market.loadFar(far) : null]);
    });
  }

  /** Send a command and show its result at once. */
  async command(task: () => Promise<Control>): Promise<void> {
    await this.guarded(async () => {
      this.control(await task(), false);
      this.notice = null;
    });
  }

  /** Send a command about who serves, and show its result at once. */
  async changeServing(task: () => Promise<{ sessions: SessionServing[] }>): Promise<void> {
    await this.guarded(async () => {
      const { sessions: changed } = await task();
      this.serving = this.serving.map((each) => changed.find(({ session_id }) => session_id === each.session_id) ?? each);
      this.notice = null;
      this.slowSnapshot.request();
    });
  }

  /** The names of the challengers of a session. */
  challengers(symbol: string, target: string): string[] {
    const session = this.serving.find((each) => each.symbol === symbol && each.target === target);
    return session?.members.filter(({ source }) => source === "challenger").map(({ member }) => member) ?? [];
  }

  retryNow(): void {
    this.stream?.retryNow();
    if (this.market === null) this.restart();
  }

  /** Load everything again; the page shows the old state until then. */
  private restart(): void {
    clearTimeout(this.retry);
    this.disconnect();
    void this.load();
  }

  private async load(): Promise<void> {
    const load = ++this.loads;
    try {
      const { compiling } = await client.health();
      if (load !== this.loads) return;
      this.compiling = compiling;
      if (compiling !== null) {
        this.notice = null;
        this.loadLater(WARMING_MS);
        return;
      }
      const system = await client.system();
      if (load !== this.loads) return;
      setBarLength(system.feed.interval_s);
      this.system = system;
      this.notice = null;
      const wanted = sessionStorage.getItem(SYMBOL_KEY);
      const symbol = system.feed.symbols.find((candidate) => candidate === wanted) ?? system.feed.symbols[0];
      if (system.state === "warming" || symbol === undefined) {
        this.loadLater(WARMING_MS);
        return;
      }
      const market = new Market(client, symbol, system.targets, (error) => this.report(error));
      await market.load(this.near, this.far, system.seq);
      if (load !== this.loads) return;
      this.market = market;
      this.connect(market);
      this.snapshot.request();
      this.slowSnapshot.request();
    } catch (error) {
      this.report(error);
      if (load === this.loads) this.loadLater(RETRY_MS);
    }
  }

  private loadLater(ms: number): void {
    this.retry = setTimeout(() => void this.load(), ms);
  }

  private disconnect(): void {
    this.loads += 1;
    this.stream?.close();
    this.stream = null;
    this.market?.close();
  }

  private connect(market: Market): void {
    this.stream = new Stream(market.symbol, {
      ticket: async () => (await client.ticket()).ticket,
      fromSeq: () => market.newest + 1,
      onConnection: (connection) => (this.connection = connection),
      onControl: (control, hello) => this.control(control, hello),
      onStep: (seq, step) => this.step(market, seq, step),
      onGap: (from) => market.markGap(from),
    });
  }

  private control(control: Control, hello: boolean): void {
    if (this.system === null) return;
    if (hello && this.market !== null && control.seq < this.market.newest) {
      // The server has started another run: load everything again.
      this.restart();
      return;
    }
    this.system = { ...this.system, ...control };
    this.snapshot.request();
    this.slowSnapshot.request();
  }

  private step(market: Market, seq: number, step: Step): void {
    market.apply(seq, step);
    if (this.system !== null) this.system = { ...this.system, seq, ts_ms: step.ts_ms, bar_open_ms: step.bar_open_ms };
    this.snapshot.request();
    this.slowSnapshot.request();
  }

  private async readSnapshot(): Promise<void> {
    const [system, sessions, positions, serving] = await Promise.all([
      client.system(),
      client.sessions(),
      client.positions(),
      client.serving(),
    ]);
    if (this.system !== null && this.system.run_id !== system.run_id) {
      this.restart();
      return;
    }
    this.system = system;
    this.sessions = sessions;
    this.serving = serving.sessions;
    this.positions = positions;
    const change = reached(system.feed.synthetic?.changes ?? []).at(-1);
    if (change !== undefined) await this.market?.loadSkillSince(PLANTED_TARGET, change.seq);
    if (this.market !== null && this.connection.state !== "live" && system.seq > this.market.newest) {
      this.market.markGap(this.market.newest + 1);
      this.market.newest = system.seq;
    }
    if (this.connection.state === "live") this.notice = null;
  }

  private async readSlowSnapshot(): Promise<void> {
    const market = this.market;
    const [drift] = await Promise.all([
      client.drift(),
      market?.loadReliability(),
      market?.loadRegimes(),
      market?.events.loadAdaptations(),
    ]);
    this.drift = Object.fromEntries(drift.map((status) => [status.session_id, status]));
  }

  private async guarded(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.report(error);
    }
  }

  private report(error: unknown): void {
    if (error instanceof NetworkError || error instanceof ResponseError) {
      if (!(error instanceof ResponseError && error.status === 401)) this.notice = error.message;
      return;
    }
    throw error;
  }
}

export const dashboard = new Dashboard();

/** The position of the combined book in a symbol; null while it is unknown. */
export function positionIn(positions: Positions | null, symbol: string) {
  return positions?.positions.find((position) => position.book === BOOK && position.symbol === symbol) ?? null;
}
