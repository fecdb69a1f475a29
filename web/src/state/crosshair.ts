// One crosshair for all charts: the row that the pointer is over in any of them.

type Listener = (seq: number | null) => void;

class Crosshair {
  private readonly charts = new Set<Listener>();

  /** Receive the row under the pointer of other charts; the returned function unsubscribes. */
  subscribe(chart: Listener): () => void {
    this.charts.add(chart);
    return () => this.charts.delete(chart);
  }

  move(seq: number | null, from: Listener): void {
    for (const chart of this.charts) if (chart !== from) chart(seq);
  }
}

export const crosshair = new Crosshair();
