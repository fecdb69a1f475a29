import { expect, it } from "vitest";

import { causeOf } from "./cause";

it("drops the ids of alarms and regimes, and nothing else", () => {
  expect(causeOf("drift:EURUSD/direction/alarm/2")).toBe("drift");
  expect(causeOf("regime:BTCUSDT/regime/74")).toBe("regime");
  expect(causeOf("timer")).toBe("timer");
  expect(causeOf("drift")).toBe("drift");
});
