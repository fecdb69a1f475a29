// Who has which colour and line, in every panel.

export interface Look {
  label: string;
  /** Name of a colour in styles/tokens.css. */
  colour: string;
  width: number;
  dash?: number[];
}

const BASELINE = [4, 3];

/** What acts is the strongest line, what learns is blue, a naive yardstick is grey and dashed. */
const MEMBERS: Record<string, Look> = {
  served: { label: "served", colour: "system", width: 2 },
  online: { label: "online", colour: "online", width: 1.4 },
  batch: { label: "batch", colour: "batch", width: 1.4 },
  base: { label: "base rate", colour: "base", width: 1.4 },
  no_change: { label: "no change", colour: "naive", width: 1.2, dash: BASELINE },
};

const BOOKS: Record<string, Look> = {
  combined: { label: "combined", colour: "system", width: 2 },
  signal: { label: "signal", colour: "cost", width: 1.3 },
  cost_aware: { label: "cost aware", colour: "cost", width: 1.3 },
  rules_only: { label: "rules only", colour: "rules", width: 1.3 },
  ml_only: { label: "ML only", colour: "online", width: 1.3 },
  buy_and_hold: { label: "buy and hold", colour: "naive", width: 1.2, dash: BASELINE },
};

export function memberLook(name: string): Look {
  return MEMBERS[name] ?? { label: name, colour: "naive", width: 1 };
}

export function bookLook(name: string): Look {
  return BOOKS[name] ?? { label: words(name), colour: "naive", width: 1 };
}

/** A name of the program's as words. */
export function words(name: string): string {
  return name.replaceAll("_", " ");
}

/** A colour of the theme in effect, for what is drawn on a canvas. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
