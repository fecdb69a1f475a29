// Repaints wait for the screen, and for each other: however fast bars come, a chart is drawn a few times a second.

const EVERY_MS = 90;

/** A function that has `draw` called at the next good moment; `cancel` forgets it. */
export function painter(draw: () => void): { ask: () => void; cancel: () => void } {
  let frame = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let drawn = -Infinity;
  const run = () => {
    frame = 0;
    drawn = performance.now();
    draw();
  };
  return {
    ask() {
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
