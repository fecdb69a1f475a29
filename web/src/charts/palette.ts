// Colour, line style and term of each series, the same in every panel.

import type { TermName } from "../ui/glossary";

export interface SeriesStyle {
  label: string;
  /** Name of a colour in styles/tokens.css. */
  colour: string;
  width: number;
  dash?: number[];
  /** The term that explains the series. */
  term?: TermName;
}

const BASELINE_DASH = [4, 3];

/** The series that the system acts on is the strongest line, learning models are blue, baselines are grey and dashed. */
const MODELS: Record<string, SeriesStyle> = {
  served: { label: "served", colour: "system", width: 2, term: "served" },
  online: { label: "online", colour: "online", width: 1.4, term: "online" },
  batch: { label: "batch", colour: "batch", width: 1.4, term: "batch" },
  base: { label: "base rate", colour: "base", width: 1.4, term: "base rate" },
  no_change: { label: "no change", colour: "naive", width: 1.2, dash: BASELINE_DASH, term: "no change" },
};

const BOOKS: Record<string, SeriesStyle> = {
  combined: { label: "combined", colour: "system", width: 2, term: "combined book" },
  signal: { label: "signal", colour: "cost", width: 1.3, term: "signal" },
  cost_aware: { label: "cost aware", colour: "cost", width: 1.3, term: "cost aware" },
  rules_only: { label: "rules only", colour: "rules", width: 1.3, term: "rules only" },
  ml_only: { label: "ML only", colour: "online", width: 1.3, term: "ML only" },
  buy_and_hold: { label: "buy and hold", colour: "naive", width: 1.2, dash: BASELINE_DASH, term: "buy and hold" },
};

/** Colours of challengers, by their order. */
const CHALLENGERS = ["cost", "rules", "adapt", "naive"];

/** The style of a member; `place` is that of a challenger among them. */
export function modelStyle(name: string, place = -1): SeriesStyle {
  return MODELS[name] ?? { label: spaced(name), colour: CHALLENGERS[place] ?? "naive", width: 1.2 };
}

export function bookStyle(name: string): SeriesStyle {
  return BOOKS[name] ?? { label: spaced(name), colour: "naive", width: 1 };
}

/** An identifier as it is shown: with spaces instead of underscores. */
export function spaced(name: string): string {
  return name.replaceAll("_", " ");
}

/** A colour of the current theme, for canvases. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
