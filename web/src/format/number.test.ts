import { expect, it } from "vitest";

import { cash, counted, fixed, percent, price, quantity, short, signed, signedCash } from "./number";
import { lasting, stamp } from "./time";

it("shows what is missing as a dash, and zero without a sign", () => {
  expect([fixed(null), fixed(NaN), percent(undefined), price(null), stamp(null), lasting(null)]).toEqual(Array(6).fill("–"));
  expect([fixed(-0.004, 2), signed(0.004, 2), signed(0)]).toEqual(["0.00", "0.00", "0"]);
});

it("groups, signs and rounds", () => {
  expect([fixed(-8728.49, 2), signed(15238.345, 2), percent(0.28314)]).toEqual(["−8,728.49", "+15,238.35", "28.3 %"]);
  expect([price(1.05794), price(2257.83), price(45123.5), price(0.000123456)]).toEqual([
    "1.05794",
    "2,257.83",
    "45,123.50",
    "0.000123456",
  ]);
  expect([short(91271.5), short(100000), short(1.5e6), short(0.25), short(-8000)]).toEqual([
    "91.27k",
    "100k",
    "1.5M",
    "0.25",
    "−8,000",
  ]);
});

it("shows small amounts, prices and quantities, of accounts of 1 and coins of 1e-8, with enough digits", () => {
  expect([cash(1234.567), cash(0), cash(null), cash(0.05), signedCash(-0.000123), signedCash(0.5)]).toEqual([
    "1,234.57",
    "0.00",
    "–",
    "0.050",
    "−0.00012",
    "+0.50",
  ]);
  expect([price(1.05e-8), quantity(0.00000123), quantity(12.345), quantity(0)]).toEqual([
    "0.0000000105000",
    "0.00000123000",
    "12.35",
    "0.00",
  ]);
});

it("uses the singular for one", () => {
  expect([counted(1, "bar"), counted(0, "bar"), counted(6225, "bar"), counted(0.5, "bar", 2)]).toEqual([
    "1 bar",
    "0 bars",
    "6,225 bars",
    "0.50 bars",
  ]);
});

it("formats durations and times", () => {
  expect([lasting(10), lasting(3600), lasting(3 * 3600), lasting(5158800)]).toEqual(["10 s", "60 min", "3.0 h", "59.7 d"]);
  expect(stamp(Date.UTC(2017, 5, 25, 22))).toBe("2017-06-25 22:00");
});
