// Limits repaints: at any rate of bars, a chart is drawn about ten times a second at most.

const EVERY_MS = 90;

/** `schedule` calls `draw` at the next frame that the limit allows; `cancel` drops a scheduled call. */
export function painter(draw: () => void): { schedule: () => void; cancel: () => void } {
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
        Math.max(0, drawn + EVERY_MS - performance.now()),
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
