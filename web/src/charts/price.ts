// The price chart: candles with fills, alarms and adaptations as markers.

import {
  CandlestickSeries,
  ColorType,
  CrosshairMode,
  createChart,
  createSeriesMarkers,
  type CandlestickData,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type MouseEventParams,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
} from "lightweight-charts";

import type { Action, Alarm, Fill } from "../api/wire";
import { price, priceDecimals } from "../format/number";
import { barsAreDays } from "../format/time";
import type { Series } from "../state/series";
import type { ReachedChange } from "../state/story";
import { colour } from "./palette";

export interface ChartEvents {
  fills: readonly Fill[];
  alarms: readonly Alarm[];
  actions: readonly Action[];
  planted: readonly ReachedChange[];
  /** The fill whose decision the inspector shows. */
  selected: string | null;
}

export interface PriceListener {
  onFill(id: string): void;
  onCursor(seq: number | null): void;
}

/** From this number of candles on, full-size markers would overlap. */
const CROWDED = 600;

export class PriceChart {
  private readonly chart: IChartApi;
  private readonly candles: ISeriesApi<"Candlestick">;
  private readonly markers: ISeriesMarkersPluginApi<Time>;
  private decimals = 0;
  /** Whether the newest bars stay in view; false once the user has moved the chart. */
  private following = true;

  constructor(
    private readonly box: HTMLElement,
    private readonly series: Series,
    private readonly listener: PriceListener,
  ) {
    this.chart = createChart(box, {
      autoSize: true,
      // The logo of the library needs a style element, which the page's content policy forbids; the footer has the attribution.
      layout: { attributionLogo: false, fontSize: 11, fontFamily: "system-ui, sans-serif" },
      crosshair: { mode: CrosshairMode.Normal },
      rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.09, bottom: 0.09 } },
      timeScale: { borderVisible: false, timeVisible: !barsAreDays(), minBarSpacing: 0.02, rightOffset: 2, fixLeftEdge: true },
      handleScroll: { mouseWheel: false, vertTouchDrag: false },
      handleScale: { mouseWheel: false },
    });
    this.candles = this.chart.addSeries(CandlestickSeries, { priceLineVisible: false });
    this.markers = createSeriesMarkers(this.candles, []);
    this.chart.subscribeClick((event) => this.onClick(event));
    this.chart.subscribeCrosshairMove((event) => {
      if (event.sourceEvent !== undefined) this.listener.onCursor(this.seqAt(event.time));
    });
    box.addEventListener("pointerdown", this.stopFollowing);
    this.applyTheme();
  }

  /** Use the colours of the current theme. */
  applyTheme(): void {
    this.chart.applyOptions({
      layout: { background: { type: ColorType.Solid, color: colour("panel") }, textColor: colour("muted") },
      grid: { vertLines: { color: colour("grid") }, horzLines: { color: colour("grid") } },
    });
    const [up, down] = [colour("candle"), colour("candle-down")];
    // Rising candles are hollow, so that the direction does not depend on colour.
    this.candles.applyOptions({
      upColor: colour("panel"),
      downColor: down,
      borderUpColor: up,
      borderDownColor: down,
      wickUpColor: up,
      wickDownColor: down,
    });
  }

  draw(events: ChartEvents): void {
    const { series } = this;
    this.updatePrecision();
    this.candles.setData(candlesOf(series));
    this.markers.setMarkers(markersOf(series, events));
    if (this.following) this.showAll();
  }

  /** Show all loaded bars and follow the newest. */
  showAll(): void {
    this.following = true;
    this.chart.timeScale().setVisibleLogicalRange({ from: -0.5, to: this.series.length + 0.02 * this.series.length });
  }

  moveCrosshair(seq: number | null): void {
    const index = seq === null ? -1 : this.series.indexAt(seq);
    const time = this.series.ts[index];
    const close = this.series.column("close")[index];
    if (seq === null || time === undefined || close === null || close === undefined) this.chart.clearCrosshairPosition();
    else this.chart.setCrosshairPosition(close, seconds(time), this.candles);
  }

  close(): void {
    this.box.removeEventListener("pointerdown", this.stopFollowing);
    this.chart.remove();
  }

  private readonly stopFollowing = () => (this.following = false);

  private onClick(event: MouseEventParams): void {
    if (typeof event.hoveredObjectId === "string" && event.hoveredObjectId.startsWith("fill:")) {
      this.listener.onFill(event.hoveredObjectId.slice("fill:".length));
    }
  }

  private seqAt(time: Time | undefined): number | null {
    if (typeof time !== "number") return null;
    const index = this.series.ts.indexOf(time * 1000);
    return this.series.seq[index] ?? null;
  }

  private updatePrecision(): void {
    const close = this.series.column("close").at(-1) ?? null;
    if (close === null || priceDecimals(close) === this.decimals) return;
    this.decimals = priceDecimals(close);
    const minMove = 10 ** -this.decimals;
    this.candles.applyOptions({ priceFormat: { type: "custom", minMove, formatter: price } });
  }
}

const seconds = (ms: number) => Math.floor(ms / 1000) as UTCTimestamp;

function candlesOf(series: Series): CandlestickData<UTCTimestamp>[] {
  const [open, high, low, close] = ["open", "high", "low", "close"].map((name) => series.column(name));
  const candles: CandlestickData<UTCTimestamp>[] = [];
  series.ts.forEach((ms, i) => {
    const bar = { open: open?.[i], high: high?.[i], low: low?.[i], close: close?.[i] };
    if (bar.open != null && bar.high != null && bar.low != null && bar.close != null) {
      candles.push({ time: seconds(ms), open: bar.open, high: bar.high, low: bar.low, close: bar.close });
    }
  });
  return candles;
}

function markersOf(series: Series, { fills, alarms, actions, planted, selected }: ChartEvents): SeriesMarker<Time>[] {
  const first = series.seq[0] ?? Infinity;
  const last = series.last ?? -1;
  const size = series.length > 3 * CROWDED ? 0.3 : series.length > CROWDED ? 0.6 : 1;
  const timeOf = (seq: number) => seconds(series.ts[series.indexAt(seq)] ?? 0);
  const visible = <T extends { seq: number }>(events: readonly T[]) => events.filter(({ seq }) => seq >= first && seq <= last);
  const markers: SeriesMarker<Time>[] = [
    ...visible(fills).map((fill): SeriesMarker<Time> => {
      const bought = fill.quantity > 0;
      return {
        time: timeOf(fill.seq),
        id: `fill:${fill.fill_id}`,
        size: fill.fill_id === selected ? 2 : size,
        text: fill.fill_id === selected ? "inspected" : "",
        ...(bought
          ? { position: "belowBar", shape: "arrowUp", color: colour("buy") }
          : { position: "aboveBar", shape: "arrowDown", color: colour("sell") }),
      };
    }),
    ...visible(planted).map(
      ({ seq, effect }): SeriesMarker<Time> => ({
        time: timeOf(seq),
        position: "aboveBar",
        shape: "arrowDown",
        color: colour("planted"),
        text: effect,
      }),
    ),
    ...visible(alarms).map(
      (alarm): SeriesMarker<Time> => ({
        time: timeOf(alarm.seq),
        position: "aboveBar",
        shape: "circle",
        color: colour("drift"),
        text: `drift ${alarm.target}`,
      }),
    ),
    ...visible(actions).map(
      (action): SeriesMarker<Time> => ({
        time: timeOf(action.seq),
        position: "belowBar",
        shape: "square",
        color: colour("adapt"),
        text: `${action.kind} ${action.target}`,
      }),
    ),
  ];
  return markers.sort((a, b) => Number(a.time) - Number(b.time));
}
