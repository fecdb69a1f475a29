// The decision that is being looked at: what was known, what was said, what was done, what came of it.

import { Refused, Unreachable } from "../api/client";
import type { Fill, Inspection } from "../api/wire";
import { client } from "./access.svelte";

class Inspector {
  /** The fill whose decision is shown; null while the inspector is closed. */
  fillId = $state<string | null>(null);
  found = $state.raw<Inspection | null>(null);
  complaint = $state<string | null>(null);
  private fill: Fill | null = null;
  private asked = 0;

  async open(fillId: string): Promise<void> {
    this.fillId = fillId;
    this.fill = null;
    await this.read(async () => {
      const decision = await client.decision(fillId);
      this.fill = decision.fill ?? null;
      return decision;
    });
  }

  /** Look at the same step's prediction of another target. */
  async turn(target: string): Promise<void> {
    if (this.found === null || this.found.target === target) return;
    const { symbol, target: from, prediction_id } = this.found;
    const bar = prediction_id.slice(`${symbol}/${from}/`.length);
    const fill = this.fill;
    await this.read(async () => {
      const other = await client.prediction(`${symbol}/${target}/${bar}`);
      return fill === null ? other : { ...other, fill };
    });
  }

  close(): void {
    this.asked += 1;
    this.fillId = null;
    this.found = null;
    this.complaint = null;
  }

  private async read(task: () => Promise<Inspection>): Promise<void> {
    const mine = ++this.asked;
    this.complaint = null;
    try {
      const found = await task();
      if (mine === this.asked) this.found = found;
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
      if (mine === this.asked) this.complaint = error.message;
    }
  }
}

export const inspector = new Inspector();
