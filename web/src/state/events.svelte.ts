// Fills of the combined book, drift alarms and adaptations of one symbol: few enough to be held in full.

import type { Client } from "../api/client";
import type { Action, Alarm, Fill } from "../api/wire";

export const BOOK = "combined";
const PAGE = 10_000;

export class Events {
  fills = $state.raw<Fill[]>([]);
  alarms = $state.raw<Alarm[]>([]);
  actions = $state.raw<Action[]>([]);
  loaded = $state(false);

  constructor(
    private readonly client: Client,
    private readonly symbol: string,
  ) {}

  /** Read everything from row `from` on. */
  async load(from = 0): Promise<void> {
    await Promise.all([this.loadFills(from), this.loadAdaptations()]);
    this.loaded = true;
  }

  async loadAdaptations(): Promise<void> {
    const { alarms, actions } = await this.client.adaptations();
    this.alarms = alarms.filter((one) => one.symbol === this.symbol);
    this.actions = actions.filter((one) => one.symbol === this.symbol);
  }

  take(fills: readonly Fill[], alarms: readonly Alarm[], actions: readonly Action[]): void {
    const ours = fills.filter((one) => one.book === BOOK && one.symbol === this.symbol);
    if (ours.length > 0) this.fills = joined(this.fills, ours, (one) => one.fill_id);
    if (alarms.length > 0) this.alarms = joined(this.alarms, alarms, (one) => one.alarm_id);
    if (actions.length > 0) this.actions = joined(this.actions, actions, (one) => one.action_id);
  }

  private async loadFills(from: number): Promise<void> {
    let next: number | null = from;
    while (next !== null) {
      const page: { fills: Fill[]; next_seq: number | null } = await this.client.fills(this.symbol, BOOK, {
        from_seq: next,
        limit: PAGE,
      });
      this.take(page.fills, [], []);
      next = page.next_seq;
    }
  }
}

/** Both lists by id, the newer state of each, in the order of the journal. */
function joined<T extends { seq: number }>(held: readonly T[], given: readonly T[], id: (one: T) => string): T[] {
  const byId = new Map(held.map((one) => [id(one), one]));
  for (const one of given) byId.set(id(one), one);
  return [...byId.values()].sort((a, b) => a.seq - b.seq);
}
