// Commands to the run, by button or key.

import type { RunState } from "../api/wire";
import { client } from "./access.svelte";
import { dashboard } from "./dashboard.svelte";
import { inspector } from "./inspector.svelte";
import { theme } from "./theme.svelte";

/** Bars a second that can be chosen; 0 is no limit. */
export const SPEEDS = [1, 5, 20, 50, 100, 250, 500, 1000, 0];

/** Why a run in a state cannot be paused; in the others it can. */
const NO_PAUSE: Partial<Record<RunState, string>> = {
  warming: "The run is starting",
  waiting: "The run already waits, for space on the disk of its store; it can be paused once it goes on",
  finished: "The run has finished",
  failed: "The run has failed",
};

class Controls {
  /** Why the run cannot be paused now; undefined if it can. */
  noPause = $derived(NO_PAUSE[dashboard.system?.state ?? "warming"]);
  noStep = $derived(this.noPause ?? (dashboard.system?.state === "paused" ? undefined : "Pause the run to step"));
  /** The speed of a run that waits for space takes effect when it goes on. */
  noSpeed = $derived(dashboard.system?.state === "waiting" ? undefined : this.noPause);

  pauseOrResume(): void {
    if (this.noPause !== undefined) return;
    void dashboard.command(dashboard.system?.state === "paused" ? client.resume : client.pause);
  }

  step(steps: number): void {
    if (this.noStep === undefined) void dashboard.command(() => client.step(steps));
  }

  setSpeed(barsPerSecond: number): void {
    if (this.noSpeed === undefined) void dashboard.command(() => client.speed(barsPerSecond));
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
