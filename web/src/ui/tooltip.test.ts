import { expect, it } from "vitest";

import { EDGE_PX, tooltipCorner } from "./tooltip";

const PHONE = { width: 390, height: 844 };
const TIP = { width: 300, height: 60 };

it("stands centred below its term", () => {
  expect(tooltipCorner({ left: 180, top: 100, width: 40, height: 14 }, TIP, PHONE)).toEqual({ left: 50, top: 114 });
});

it("stays on the screen at both sides", () => {
  expect(tooltipCorner({ left: 2, top: 100, width: 40, height: 14 }, TIP, PHONE).left).toBe(EDGE_PX);
  expect(tooltipCorner({ left: 350, top: 100, width: 40, height: 14 }, TIP, PHONE).left).toBe(390 - 300 - EDGE_PX);
});

it("stands above its term at the lower edge", () => {
  expect(tooltipCorner({ left: 180, top: 820, width: 40, height: 14 }, TIP, PHONE).top).toBe(760);
});
