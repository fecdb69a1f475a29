// Commands to the run, by button or key.

import { client } from "./access.svelte";
import { dashboard } from "./dashboard.svelte";
import { inspector } from "./inspector.svelte";
import { theme } from "./theme.svelte";

/** Bars a second that can be chosen; 0 is no limit. */
export const SPEEDS = [1, 5, 20, 50, 100, 250, 500, 1000, 0];

class Controls {
  canControl = $derived(["running", "paused"].includes(dashboard.system?.state ?? ""));
  canStep = $derived(dashboard.system?.state === "paused");

  pauseOrResume(): void {
    if (!this.canControl) return;
    void dashboard.command(dashboard.system?.state === "paused" ? client.resume : client.pause);
  }

  step(steps: number): void {
    if (this.canStep) void dashboard.command(() => client.step(steps));
  }

  setSpeed(barsPerSecond: number): void {
    if (this.canControl) void dashboard.command(() => client.speed(barsPerSecond));
  }

  /** The next faster or slower speed. */
  private shift(by: 1 | -1): void {
    const now = dashboard.system?.bars_per_second ?? 0;
    const rank = (speed: number) => (speed === 0 ? Infinity : speed);
    const candidates = by === 1 ? SPEEDS : SPEEDS.toReversed();
    const next = candidates.find((speed) => by * (rank(speed) - rank(now)) > 0);
    if (next !== undefined) this.setSpeed(next);
  }

  private readonly keys: Record<string, () => void> = {
    p: () => this.pauseOrResume(),
    s: () => this.step(1),
    S: () => this.step(10),
    "[": () => this.shift(-1),
    "]": () => this.shift(1),
    t: () => theme.toggle(),
    Escape: () => inspector.close(),
  };

  press(event: KeyboardEvent): void {
    const editing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    const action = this.keys[event.key];
    if (action === undefined || event.ctrlKey || event.metaKey || event.altKey || (editing && event.key !== "Escape")) return;
    event.preventDefault();
    action();
  }
}

export const controls = new Controls();
