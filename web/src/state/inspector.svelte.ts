// The decision that the inspector shows: its bar, prediction, signals, orders and outcome.

import { NetworkError, ResponseError } from "../api/client";
import type { Fill, Inspection } from "../api/wire";
import { client } from "./access.svelte";

class Inspector {
  /** The fill whose decision is shown; null while the inspector is closed. */
  fillId = $state<string | null>(null);
  decision = $state.raw<Inspection | null>(null);
  error = $state<string | null>(null);
  private fill: Fill | null = null;
  private requests = 0;

  async open(fillId: string): Promise<void> {
    this.fillId = fillId;
    this.fill = null;
    await this.read(async () => {
      const decision = await client.decision(fillId);
      this.fill = decision.fill ?? null;
      return decision;
    });
  }

  /** Show the prediction of another target in the same step. */
  async showTarget(target: string): Promise<void> {
    if (this.decision === null || this.decision.target === target) return;
    const { symbol, target: from, prediction_id } = this.decision;
    const bar = prediction_id.slice(`${symbol}/${from}/`.length);
    const fill = this.fill;
    await this.read(async () => {
      const other = await client.prediction(`${symbol}/${target}/${bar}`);
      return fill === null ? other : { ...other, fill };
    });
  }

  close(): void {
    this.requests += 1;
    this.fillId = null;
    this.decision = null;
    this.error = null;
  }

  private async read(task: () => Promise<Inspection>): Promise<void> {
    const request = ++this.requests;
    this.error = null;
    try {
      const decision = await task();
      if (request === this.requests) this.decision = decision;
    } catch (error) {
      if (!(error instanceof ResponseError || error instanceof NetworkError)) throw error;
      if (request === this.requests) this.error = error.message;
    }
  }
}

export const inspector = new Inspector();
