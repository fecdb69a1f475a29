// Numbers as text. A missing number is an en dash, never 0 or NaN.

export const NONE = "–";
const MINUS = "\u2212";
const MAX_DECIMALS = 14;

type Maybe = number | null | undefined;

/** Digits in groups of three, with a typographic minus sign. */
export function fixed(value: Maybe, decimals = 0): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const text = Math.abs(value).toLocaleString("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  const zero = !/[1-9]/.test(text);
  return value < 0 && !zero ? MINUS + text : text;
}

/** As `fixed`, with the sign of a positive number. */
export function signed(value: Maybe, decimals = 0): string {
  const text = fixed(value, decimals);
  return value !== null && value !== undefined && value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** A number with its noun: 1 bar, 20 bars. */
export function counted(value: Maybe, noun: string, decimals = 0): string {
  return `${fixed(value, decimals)} ${noun}${value === 1 ? "" : "s"}`;
}

export function percent(value: Maybe, decimals = 1): string {
  return value === null || value === undefined ? NONE : `${fixed(100 * value, decimals)} %`;
}

/** Prices have six significant digits: 1.05794 and 45,123.50. */
export function price(value: Maybe): string {
  if (value === null || value === undefined) return NONE;
  return fixed(value, priceDecimals(value));
}

export function priceDecimals(value: number): number {
  return Math.min(MAX_DECIMALS, Math.max(2, 5 - magnitude(value)));
}

/** Amounts of cash in cents, or with two significant digits where cents are too coarse. */
export function cash(value: Maybe): string {
  return fixed(value, cashDecimals(value));
}

/** As `cash`, with the sign of a positive amount. */
export function signedCash(value: Maybe): string {
  return signed(value, cashDecimals(value));
}

function cashDecimals(value: Maybe): number {
  return value ? Math.min(MAX_DECIMALS, Math.max(2, 1 - magnitude(value))) : 2;
}

/** Quantities; without decimals from 1,000 on. */
export function quantity(value: Maybe): string {
  if (value === null || value === undefined) return NONE;
  const size = Math.abs(value);
  return fixed(value, size >= 1000 ? 0 : size >= 1 || size === 0 ? 2 : Math.min(MAX_DECIMALS, 5 - magnitude(value)));
}

function magnitude(value: number): number {
  return Math.floor(Math.log10(Math.max(Math.abs(value), 1e-15)));
}

/** For axes: 12.3k, 1.2M. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${trimmed(value / 1e6)}M`;
  if (size >= 1e4) return `${trimmed(value / 1e3)}k`;
  return fixed(value, Number.isInteger(value) ? 0 : 2);
}

function trimmed(value: number): string {
  return fixed(value, 2).replace(/\.?0+$/, "");
}
