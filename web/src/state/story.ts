// What followed a change of the market: the alarm about errors, the adaptation, and its verdict.

import type { Action, Alarm, PlantedChange } from "../api/wire";

/** A planted change that the run has reached. */
export type ReachedChange = PlantedChange & { seq: number };

export interface Story {
  /** The change that the generator made; null for bars of a market, whose changes nobody knows. */
  change: ReachedChange | null;
  alarm: Alarm | null;
  action: Action | null;
}

/** The target whose relation to the past a planted change turns round. */
export const PLANTED_TARGET = "direction";

/** Whether an action is a change of a model on trial, and not one of who serves. */
export function isTrial(action: Action): boolean {
  return action.kind !== "promote" && action.kind !== "rollback";
}

export function reached(changes: readonly PlantedChange[]): ReachedChange[] {
  return changes.filter((change): change is ReachedChange => change.seq !== null);
}

/** One story per planted change that the run has reached, newest first; on bars of a market the newest adaptation only. */
export function storiesOf(changes: readonly PlantedChange[] | null, alarms: readonly Alarm[], actions: readonly Action[]): Story[] {
  if (changes === null) {
    const action = actions.at(-1);
    return action === undefined ? [] : [{ change: null, alarm: causeIn(alarms, action), action }];
  }
  const known = reached(changes);
  return known
    .map((change, index) => storyOf(change, known[index + 1]?.seq ?? Infinity, alarms, actions))
    .reverse();
}

/** The first alarm about errors of the direction between two changes, with the action that it caused. */
function storyOf(change: ReachedChange, next: number, alarms: readonly Alarm[], actions: readonly Action[]): Story {
  const after = alarms.filter(({ seq }) => seq >= change.seq && seq < next);
  const alarm = after.find(({ target, monitored }) => target === PLANTED_TARGET && monitored === "errors") ?? null;
  const action = alarm === null ? undefined : actions.find(({ action_id, cause }) => cause === causeBy(alarm) || action_id === alarm.action_id);
  return { change, alarm, action: action ?? null };
}

function causeIn(alarms: readonly Alarm[], action: Action): Alarm | null {
  return alarms.find((alarm) => causeBy(alarm) === action.cause) ?? null;
}

const causeBy = (alarm: Alarm) => `drift:${alarm.alarm_id}`;
