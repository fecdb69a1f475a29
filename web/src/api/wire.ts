// The responses of the API, named as on the wire. Times are milliseconds (UTC): of the end of a bar, and of its open where named so.
// Money is in cash, skill in millinats; a missing value is null.

export type RunState = "warming" | "running" | "paused" | "waiting" | "finished" | "failed";

export interface Control {
  state: RunState;
  bars_per_second: number;
  seq: number;
}

/** Kernels compiled so far, and about how many there are. */
export interface Compiling {
  compiled: number;
  kernels: number;
}

export interface Health {
  state: RunState;
  /** Set while the engine is compiled, at the first start on a machine. */
  compiling: Compiling | null;
}

export interface OnlineMinusBatch {
  labels: number;
  accuracy: number;
  mean: number;
  low: number | null;
  high: number | null;
}

/** Means over the same episodes, counted from the change. */
export interface ResponseTimes {
  episodes: number;
  samples_to_alarm: number | null;
  market_s_to_alarm: number | null;
  samples_to_action: number | null;
  market_s_to_action: number | null;
  samples_to_recovery: number | null;
  market_s_to_recovery: number | null;
}

export interface AdaptationSpeed {
  drifts: number;
  accepted: number;
  acted: ResponseTimes;
  recovered: ResponseTimes;
  recovered_without_adaptation: ResponseTimes;
}

/** Totals in cash, each with its 95 % interval. */
export interface MlPnl {
  net: number;
  net_low: number;
  net_high: number;
  gross: number;
  gross_low: number;
  gross_high: number;
}

export interface SuccessMetrics {
  model_freshness_mean_s: number | null;
  model_freshness_max_s: number | null;
  adaptation_speed: AdaptationSpeed;
  online_minus_batch: Record<string, OnlineMinusBatch | null>;
  ml_pnl: MlPnl | null;
}

/** A change that the generator of a synthetic market makes; `seq` is null until the run has reached it. */
export interface PlantedChange {
  bar: number;
  bar_open_ms: number;
  seq: number | null;
  effect: string;
}

export interface SystemStatus extends Control {
  version: string;
  run_id: string;
  mode: string;
  detail: string | null;
  feed: {
    name: string;
    symbols: string[];
    interval_s: number;
    bars_total: number;
    bars_done: number;
    synthetic: { about: string; changes: PlantedChange[] } | null;
  };
  measured_bars_per_second: number | null;
  ts_ms: number | null;
  bar_open_ms: number | null;
  targets: string[];
  books: string[];
  initial_cash: number;
  counts: Record<"predictions" | "labelled" | "pending" | "expired" | "fills" | "trades" | "queries", number> &
    Record<"alarms" | "alarms_acted" | "alarms_deferred" | "alarms_skipped" | "adaptations", Cell>;
  success_metrics: SuccessMetrics;
  decisions_sha256: string | null;
  result: { warnings: string[] } | null;
}

export type Cell = number | null;

export interface SeriesPage {
  from_seq: number;
  to_seq: number | null;
  next_seq: number | null;
  total: number;
  columns: Record<string, Cell[]>;
  window?: number | null;
}

export interface SessionStatus {
  session_id: string;
  symbol: string;
  target: string;
  model_type: string;
  version: string;
  source: "loop" | "api";
  state: "learning" | "in_trial" | "quarantined" | "ended";
  horizon: number;
  labels_used: number;
  pending: number;
  ties: number;
  quarantines: number;
  age_s: number | null;
  last_drift_ms: number | null;
  last_drift_bar_open_ms: number | null;
  last_adaptation_ms: number | null;
  last_adaptation_bar_open_ms: number | null;
  batch_model: { model_id: string; version: string; trained_ms: number; trained_bar_open_ms: number } | null;
  skill_millinats: number | null;
}

/** The comparison of a member with the champion; it decides when `p_value` is at most `level`. */
export interface Evidence {
  comparison: number;
  samples: number;
  mean_difference: number | null;
  low: number | null;
  high: number | null;
  p_value: number;
  level: number;
}

export interface MemberStanding {
  member: string;
  source: "online" | "batch" | "base" | "challenger";
  model: string;
  stage: "candidate" | "shadow" | "canary" | "champion" | "retired" | null;
  stopped: boolean;
  weight: number | null;
  age_s: number | null;
  missing: string | null;
  labels: number | null;
  failures: number | null;
  skill_millinats: number | null;
  evidence: Evidence | null;
  shadow_return: { labels: number; gross: number; turnover: number; net: number } | null;
}

/** Who serves a session; without a champion where the strategy has none. */
export interface SessionServing {
  session_id: string;
  symbol: string;
  target: string;
  strategy: string;
  champion: string | null;
  canary: string | null;
  former: string | null;
  frozen: boolean;
  members: MemberStanding[];
}

export interface DriftStatus {
  session_id: string;
  alarms: number;
  state: "stable" | "drifting";
}

export interface Fill {
  seq: number;
  ts_ms: number;
  bar_open_ms: number;
  fill_id: string;
  order_id: string;
  book: string;
  symbol: string;
  quantity: number;
  price: number;
  reference: number;
  cost: number;
  fee: number;
  signal_id: string;
  prediction_id: string | null;
}

export interface Trade {
  seq: number;
  lot_id: string;
  book: string;
  symbol: string;
  quantity: number;
  opened_ms: number;
  opened_bar_open_ms: number;
  closed_ms: number;
  closed_bar_open_ms: number;
  open_price: number;
  close_price: number;
  gross_pnl: number;
  costs: number;
  net_pnl: number;
}

export interface Position {
  book: string;
  symbol: string;
  quantity: number;
  average_price: number | null;
  value: number;
  unrealised_pnl: number;
}

export interface BookStatus {
  equity: number;
  net_pnl: number;
  gross_pnl: number;
  fees: number;
  costs: number;
  trades: number;
  sharpe: number | null;
  max_drawdown: number;
}

export interface Positions {
  positions: Position[];
  books: Record<string, BookStatus>;
}

export type AlarmStatus = "acted" | "deferred" | "skipped";

export interface Alarm {
  seq: number;
  alarm_id: string;
  detector: string;
  symbol: string;
  target: string;
  ts_ms: number;
  bar_open_ms: number;
  change_ms: number;
  change_bar_open_ms: number;
  score: number;
  monitored: "errors" | "calibration" | "labels" | "features";
  features: string[];
  status: AlarmStatus;
  reason: string;
  action_id: string | null;
}

export type ActionStatus = "open" | "accepted" | "rolled_back";

export interface Action {
  seq: number;
  action_id: string;
  kind: string;
  symbol: string;
  target: string;
  ts_ms: number;
  bar_open_ms: number;
  cause: string;
  reason: string;
  status: ActionStatus;
  closed_ms: number | null;
  closed_bar_open_ms: number | null;
  effect: number | null;
  effect_samples: number;
}

export interface Adaptations {
  alarms: Alarm[];
  actions: Action[];
}

export interface ReliabilityBin {
  count: number;
  lowest: number;
  highest: number;
  mean_predicted: number;
  observed: number;
  low: number;
  high: number;
}

export interface Reliability {
  labels: number;
  ece: number | null;
  bins: ReliabilityBin[];
}

export interface Member {
  model_id: string;
  version: string;
  source: string;
  probability: number;
  weight: number;
  age_s: number | null;
}

export interface Signal {
  signal_id: string;
  agent: string;
  direction: number;
  confidence: number | null;
  rule_part: number | null;
  ml_part: number | null;
  weight?: number | null;
}

export interface Order {
  order_id: string;
  book: string;
  kind: string;
  quantity: number;
  stop_price?: number | null;
}

export interface Inspection {
  prediction_id: string;
  symbol: string;
  target: string;
  horizon: number;
  ts_ms: number;
  bar_open_ms: number;
  seq: number;
  probability: number;
  confidence: number | null;
  quarantined: boolean;
  missing: { model_id: string; reason: string }[];
  members: Member[];
  features: Record<string, number | null>;
  bar: Bar;
  signals: Signal[];
  orders: Order[];
  refusals: { book: string; reasons: string[]; order_id: string | null }[];
  abstention: string | null;
  label: { label: number | null; value: number | null; ts_ms: number; bar_open_ms: number; weight: number } | null;
  status: "pending" | "labelled" | "expired";
  fills: Fill[];
  trades: Trade[];
  fill?: Fill;
}

export type RegimeLabel = "calm" | "normal" | "turbulent";

export interface Regime {
  from_ms: number;
  from_bar_open_ms: number;
  to_ms: number | null;
  to_bar_open_ms: number | null;
  label: RegimeLabel;
  ratio: number;
  began_ms: number;
  began_bar_open_ms: number;
}

export interface Regimes {
  probabilities: Record<RegimeLabel, number>;
  regimes: Regime[];
}

export interface Bar {
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number | null;
}

export interface Step {
  ts_ms: number;
  bar_open_ms: number;
  bar: Bar | null;
  served: { target: string; probability: number; confidence: number | null; prediction_id: string }[];
  equity: Record<string, number>;
  fills: Fill[];
  trades: Trade[];
  labels: { prediction_id: string; target: string; label: number | null }[];
  alarms: Alarm[];
  adaptations: Action[];
  steps: number;
  skill: Record<string, Record<string, Cell>>;
  weights: Record<string, Record<string, Cell>>;
  volatility: { forecast: number | null; realised: number | null };
}

export type Message =
  | { type: "hello"; seq: number; data: Control }
  | { type: "state"; seq: number; data: Control }
  | { type: "step"; seq: number; data: Step }
  | { type: "gap"; seq: number; data: { from_seq: number; to_seq: number } }
  | { type: "ping"; seq: number; data: unknown };
