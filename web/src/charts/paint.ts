// Limits repaints: at any rate of bars, a chart is drawn about ten times a second at most, and a long one twice a second.

const EVERY_MS = 90;
const LONG_EVERY_MS = 500;
/** From this number of rows on, several bars share a pixel, so that a bar more is hardly seen. */
const LONG_ROWS = 2_000;

/** `schedule` calls `draw` at the next frame that the limit for so many rows allows; `cancel` drops a scheduled call. */
export function painter(draw: () => void, rows: () => number = () => 0): { schedule: () => void; cancel: () => void } {
  let frame = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let drawn = -Infinity;
  const run = () => {
    frame = 0;
    drawn = performance.now();
    draw();
  };
  return {
    schedule() {
      if (frame !== 0 || timer !== undefined) return;
      timer = setTimeout(
        () => {
          timer = undefined;
          frame = requestAnimationFrame(run);
        },
        Math.max(0, drawn + (rows() < LONG_ROWS ? EVERY_MS : LONG_EVERY_MS) - performance.now()),
      );
    },
    cancel() {
      clearTimeout(timer);
      timer = undefined;
      cancelAnimationFrame(frame);
      frame = 0;
    },
  };
}
