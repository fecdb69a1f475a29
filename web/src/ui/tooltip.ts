// Where a tooltip goes: below its term, above it where there is no room, and never beyond the screen's edge.

export const EDGE_PX = 8;

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Size {
  width: number;
  height: number;
}

/** The corner of a tooltip of this size for a term in this box, on a screen of this size. */
export function tooltipCorner(term: Box, tooltip: Size, screen: Size): { left: number; top: number } {
  const centred = term.left + term.width / 2 - tooltip.width / 2;
  const left = Math.max(EDGE_PX, Math.min(centred, screen.width - EDGE_PX - tooltip.width));
  const below = term.top + term.height;
  const above = term.top - tooltip.height;
  const top = below + tooltip.height <= screen.height || above < 0 ? below : above;
  return { left, top };
}

export function placeTooltip(tooltip: HTMLElement, term: HTMLElement): void {
  const screen = { width: document.documentElement.clientWidth, height: document.documentElement.clientHeight };
  const { left, top } = tooltipCorner(term.getBoundingClientRect(), tooltip.getBoundingClientRect(), screen);
  tooltip.style.left = `${left}px`;
  tooltip.style.top = `${top}px`;
}
