// Market time, always UTC: what the page shows is the time of the bars, not of the reader's wall.

import { NONE, fixed } from "./number";

const two = (value: number) => String(value).padStart(2, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export function date(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return NONE;
  const at = new Date(ms);
  return `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`;
}

/** 2017-06-05 13:00, with seconds only where there are some. */
export function stamp(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return NONE;
  const at = new Date(ms);
  const seconds = ms % MINUTE_MS === 0 ? "" : `:${two(at.getUTCSeconds())}`;
  return `${date(ms)} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}${seconds}`;
}

/** A bar that opens at 15:00 UTC or later belongs to the next date: midnight in zones from UTC+1 to UTC+9, evening sessions. */
const DATE_SHIFT_MS = 9 * HOUR_MS;
let days = false;

/** How long the run's bars last: those of a day or longer are shown as dates. */
export function setBarLength(seconds: number): void {
  days = seconds * 1000 >= DAY_MS;
}

export function barsAreDays(): boolean {
  return days;
}

/** Where a bar stands on an axis of time: at its open, or at the date that it belongs to. */
export function barMs(openMs: number): number {
  return days ? Math.floor((openMs + DATE_SHIFT_MS) / DAY_MS) * DAY_MS : openMs;
}

/** A bar's time as it is shown: that of its open, a date alone where bars last a day or longer. */
export function barTime(openMs: number | null | undefined): string {
  if (openMs === null || openMs === undefined) return NONE;
  return days ? date(barMs(openMs)) : stamp(openMs);
}

/** Both times of a bar, for whoever looks closer. */
export function barTimes(openMs: number | null | undefined, endMs: number | null | undefined): string {
  return openMs === null || openMs === undefined ? NONE : `bar from ${stamp(openMs)}, known at ${stamp(endMs)} UTC`;
}

/** A length of time in its largest fitting unit: 45 s, 12 min, 3.0 h, 2.1 d. */
export function lasting(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return NONE;
  if (seconds < 90) return `${fixed(seconds)} s`;
  if (seconds < 90 * 60) return `${fixed(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${fixed(seconds / 3600, 1)} h`;
  return `${fixed(seconds / 86_400, 1)} d`;
}

/** What an axis says at a tick, given the step between ticks. */
export function tick(ms: number, stepMs: number): string {
  const at = new Date(ms);
  if (stepMs >= 300 * DAY_MS) return String(at.getUTCFullYear());
  if (stepMs >= 28 * DAY_MS) {
    return at.getUTCMonth() === 0 ? String(at.getUTCFullYear()) : (MONTHS[at.getUTCMonth()] ?? "");
  }
  const day = `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`;
  if (stepMs >= DAY_MS) return day;
  const clock = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
  return clock === "00:00" ? day : clock;
}
