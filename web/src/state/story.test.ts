import { describe, expect, it } from "vitest";

import type { Action, Alarm, PlantedChange } from "../api/wire";
import { storiesOf } from "./story";

const change = (bar: number, seq: number | null): PlantedChange => ({ bar, seq, bar_open_ms: 0, effect: "" });

function alarm(seq: number, monitored: Alarm["monitored"] = "errors"): Alarm {
  return {
    seq,
    monitored,
    alarm_id: `X/direction/alarm/${seq}`,
    detector: "adwin",
    symbol: "X",
    target: "direction",
    ts_ms: 0,
    bar_open_ms: 0,
    change_ms: 0,
    change_bar_open_ms: 0,
    score: 0.2,
    features: [],
    status: "acted",
    reason: "",
    action_id: null,
  };
}

function action(seq: number, cause: string): Action {
  return {
    seq,
    cause,
    action_id: `X/direction/action/${seq}`,
    kind: "reset",
    symbol: "X",
    target: "direction",
    ts_ms: 0,
    bar_open_ms: 0,
    reason: "",
    status: "accepted",
    closed_ms: 0,
    closed_bar_open_ms: 0,
    effect: 0.04,
    effect_samples: 500,
  };
}

describe("stories", () => {
  const alarms = [alarm(90), alarm(120, "labels"), alarm(140), alarm(210, "features"), { ...alarm(320), target: "volatility" }, alarm(350)];
  const actions = [action(90, "drift:X/direction/alarm/90"), action(140, "drift:X/direction/alarm/140"), action(260, "decay")];

  it("join a planted change with the first alarm about errors after it, and with its adaptation", () => {
    const stories = storiesOf([change(100, 100), change(200, 200), change(300, 300), change(400, null)], alarms, actions);
    expect(stories.map(({ change: at, alarm, action }) => [at?.seq, alarm?.seq, action?.seq])).toEqual([
      [300, 350, undefined],
      [200, undefined, undefined],
      [100, 140, 140],
    ]);
  });

  it("are none before the first planted change", () => {
    expect(storiesOf([change(400, null)], alarms, actions)).toEqual([]);
  });

  it("are the newest adaptation where no change is known", () => {
    expect(storiesOf(null, alarms, actions)).toEqual([{ change: null, alarm: null, action: actions[2] }]);
    expect(storiesOf(null, alarms, actions.slice(0, 2))).toEqual([{ change: null, alarm: alarms[2], action: actions[1] }]);
    expect(storiesOf(null, alarms, [])).toEqual([]);
  });
});
