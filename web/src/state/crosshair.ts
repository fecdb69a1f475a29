// One crosshair for all charts: the row that the pointer is over in any of them.

type Seen = (seq: number | null) => void;

class Crosshair {
  private readonly charts = new Set<Seen>();

  /** Be told where the pointer is in other charts; calling what is returned ends it. */
  watch(chart: Seen): () => void {
    this.charts.add(chart);
    return () => this.charts.delete(chart);
  }

  move(seq: number | null, from: Seen): void {
    for (const chart of this.charts) if (chart !== from) chart(seq);
  }
}

export const crosshair = new Crosshair();
