// Market time as text, always in UTC: the times of the bars, not of the reader's clock.

import { NONE, fixed } from "./number";

const two = (value: number) => String(value).padStart(2, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export function date(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return NONE;
  const time = new Date(ms);
  return `${time.getUTCFullYear()}-${two(time.getUTCMonth() + 1)}-${two(time.getUTCDate())}`;
}

/** 2017-06-05 13:00, with seconds only where they are not zero. */
export function stamp(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return NONE;
  const time = new Date(ms);
  const seconds = ms % MINUTE_MS === 0 ? "" : `:${two(time.getUTCSeconds())}`;
  return `${date(ms)} ${two(time.getUTCHours())}:${two(time.getUTCMinutes())}${seconds}`;
}

/** A bar that opens at 15:00 UTC or later belongs to the next date: midnight in zones from UTC+1 to UTC+9, evening sessions. */
const DATE_SHIFT_MS = 9 * HOUR_MS;
let days = false;

/** Set the length of the bars of the run; bars of a day or longer are shown as dates. */
export function setBarLength(seconds: number): void {
  days = seconds * 1000 >= DAY_MS;
}

export function barsAreDays(): boolean {
  return days;
}

/** The position of a bar on a time axis: its open, or the date that it belongs to. */
export function barMs(openMs: number): number {
  return days ? Math.floor((openMs + DATE_SHIFT_MS) / DAY_MS) * DAY_MS : openMs;
}

/** The time of a bar as text: its open, or its date where bars last a day or longer. */
export function barTime(openMs: number | null | undefined): string {
  if (openMs === null || openMs === undefined) return NONE;
  return days ? date(barMs(openMs)) : stamp(openMs);
}

/** The open and the end of a bar, for a title. */
export function barTimes(openMs: number | null | undefined, endMs: number | null | undefined): string {
  return openMs === null || openMs === undefined ? NONE : `bar from ${stamp(openMs)}, known at ${stamp(endMs)} UTC`;
}

/** A duration in the largest unit that fits: 45 s, 12 min, 3.0 h, 2.1 d. */
export function lasting(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return NONE;
  if (seconds < 90) return `${fixed(seconds)} s`;
  if (seconds < 90 * 60) return `${fixed(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${fixed(seconds / 3600, 1)} h`;
  return `${fixed(seconds / 86_400, 1)} d`;
}

/** The label of a tick, given the step between ticks. */
export function tick(ms: number, stepMs: number): string {
  const time = new Date(ms);
  if (stepMs >= 300 * DAY_MS) return String(time.getUTCFullYear());
  if (stepMs >= 28 * DAY_MS) {
    return time.getUTCMonth() === 0 ? String(time.getUTCFullYear()) : (MONTHS[time.getUTCMonth()] ?? "");
  }
  const day = `${time.getUTCDate()} ${MONTHS[time.getUTCMonth()]}`;
  if (stepMs >= DAY_MS) return day;
  const clock = `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}`;
  return clock === "00:00" ? day : clock;
}
