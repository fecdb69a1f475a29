// Fills of the combined book, drift alarms and adaptations of one symbol; few enough to be stored in full.

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

  /** Read all events from row `from` on. */
  async load(from = 0): Promise<void> {
    await Promise.all([this.loadFills(from), this.loadAdaptations()]);
    this.loaded = true;
  }

  async loadAdaptations(): Promise<void> {
    const { alarms, actions } = await this.client.adaptations();
    this.alarms = alarms.filter((alarm) => alarm.symbol === this.symbol);
    this.actions = actions.filter((action) => action.symbol === this.symbol);
  }

  add(fills: readonly Fill[], alarms: readonly Alarm[], actions: readonly Action[]): void {
    const ownFills = fills.filter((fill) => fill.book === BOOK && fill.symbol === this.symbol);
    if (ownFills.length > 0) this.fills = merged(this.fills, ownFills, (fill) => fill.fill_id);
    if (alarms.length > 0) this.alarms = merged(this.alarms, alarms, (alarm) => alarm.alarm_id);
    if (actions.length > 0) this.actions = merged(this.actions, actions, (action) => action.action_id);
  }

  private async loadFills(from: number): Promise<void> {
    let next: number | null = from;
    while (next !== null) {
      const page: { fills: Fill[]; next_seq: number | null } = await this.client.fills(this.symbol, BOOK, {
        from_seq: next,
        limit: PAGE,
      });
      this.add(page.fills, [], []);
      next = page.next_seq;
    }
  }
}

/** The union of both lists by id, with the newer state of each event, in the order of the journal. */
function merged<T extends { seq: number }>(known: readonly T[], added: readonly T[], idOf: (event: T) => string): T[] {
  const byId = new Map(known.map((event) => [idOf(event), event]));
  for (const event of added) byId.set(idOf(event), event);
  return [...byId.values()].sort((a, b) => a.seq - b.seq);
}
