import { afterEach, expect, it } from "vitest";

import { barMs, barTime, barTimes, setBarLength } from "./time";

const FRIDAY = Date.UTC(2024, 0, 5);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

afterEach(() => setBarLength(3600));

it("shows bars of a day or longer under their date alone", () => {
  setBarLength(86_400);
  expect(barTime(FRIDAY)).toBe("2024-01-05");
  // midnight in New York, the open of its exchange, midnight in Tokyo and in Berlin: of that Friday
  for (const hours of [5, 14.5, -9, -1]) expect(barTime(FRIDAY + hours * HOUR)).toBe("2024-01-05");
  expect(barMs(FRIDAY - 9 * HOUR)).toBe(FRIDAY);
  expect(barTimes(FRIDAY, FRIDAY + DAY)).toBe("bar from 2024-01-05 00:00, known at 2024-01-06 00:00 UTC");
  setBarLength(2_629_746);
  expect(barTime(Date.UTC(2024, 1, 1))).toBe("2024-02-01");
});

it("shows shorter bars under their open", () => {
  setBarLength(3600);
  expect(barTime(FRIDAY + 22 * HOUR)).toBe("2024-01-05 22:00");
  expect(barMs(FRIDAY + 22 * HOUR)).toBe(FRIDAY + 22 * HOUR);
  expect([barTime(null), barTimes(undefined, null)]).toEqual(["–", "–"]);
});
