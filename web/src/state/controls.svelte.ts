// Steering the run, by button or key.

import { client } from "./access.svelte";
import { dashboard } from "./dashboard.svelte";
import { inspector } from "./inspector.svelte";
import { theme } from "./theme.svelte";

/** Bars a second that can be chosen; 0 is as fast as it goes. */
export const PACES = [1, 5, 20, 50, 100, 250, 500, 1000, 0];

class Controls {
  canTurn = $derived(["running", "paused"].includes(dashboard.system?.state ?? ""));
  canStep = $derived(dashboard.system?.state === "paused");

  turn(): void {
    if (!this.canTurn) return;
    void dashboard.command(dashboard.system?.state === "paused" ? client.resume : client.pause);
  }

  step(steps: number): void {
    if (this.canStep) void dashboard.command(() => client.step(steps));
  }

  pace(barsPerSecond: number): void {
    if (this.canTurn) void dashboard.command(() => client.speed(barsPerSecond));
  }

  /** The next faster or slower pace. */
  private shift(by: 1 | -1): void {
    const now = dashboard.system?.bars_per_second ?? 0;
    const order = (pace: number) => (pace === 0 ? Infinity : pace);
    const others = by === 1 ? PACES : PACES.toReversed();
    const next = others.find((pace) => by * (order(pace) - order(now)) > 0);
    if (next !== undefined) this.pace(next);
  }

  private readonly keys: Record<string, () => void> = {
    p: () => this.turn(),
    s: () => this.step(1),
    S: () => this.step(10),
    "[": () => this.shift(-1),
    "]": () => this.shift(1),
    t: () => theme.toggle(),
    Escape: () => inspector.close(),
  };

  press(event: KeyboardEvent): void {
    const writing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    const task = this.keys[event.key];
    if (task === undefined || event.ctrlKey || event.metaKey || event.altKey || (writing && event.key !== "Escape")) return;
    event.preventDefault();
    task();
  }
}

export const controls = new Controls();
