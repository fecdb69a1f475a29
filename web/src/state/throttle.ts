/** Runs a task at most once per `everyMs` and never twice at the same time; a request during a run causes one more run. */
export class Throttle {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running = false;
  private again = false;
  private earliest = 0;

  constructor(
    private readonly everyMs: number,
    private readonly task: () => Promise<void>,
  ) {}

  request(): void {
    if (this.running) {
      this.again = true;
    } else if (this.timer === undefined) {
      this.timer = setTimeout(() => void this.run(), Math.max(0, this.earliest - performance.now()));
    }
  }

  cancel(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.again = false;
  }

  private async run(): Promise<void> {
    this.timer = undefined;
    this.running = true;
    this.earliest = performance.now() + this.everyMs;
    try {
      await this.task();
    } finally {
      this.running = false;
      if (this.again) {
        this.again = false;
        this.request();
      }
    }
  }
}
