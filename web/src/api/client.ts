// Every request of the page, in one place.

import type {
  Adaptations,
  Control,
  DriftStatus,
  Fill,
  Inspection,
  Positions,
  Regimes,
  Reliability,
  SeriesAnswer,
  SessionStatus,
  SystemStatus,
} from "./wire";

/** The server answered, but not with what was asked for; the message is its own sentence. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Nobody answered. */
export class Unreachable extends Error {}

export interface Page {
  from_seq?: number;
  limit?: number;
  max_points?: number;
}

type Query = Record<string, string | number | undefined>;

const ROOT = "/api/v1";
const PATIENCE_MS = 15_000;

export class Client {
  constructor(
    private readonly token: () => string | null,
    private readonly onRefusedToken: () => void,
  ) {}

  exchange = (ticket: string) => this.post<{ token: string }>("/auth/exchange", { ticket });
  ticket = () => this.post<{ ticket: string; expires_in_s: number }>("/auth/ticket");

  system = () => this.get<SystemStatus>("/system");
  pause = () => this.post<Control>("/system/pause");
  resume = () => this.post<Control>("/system/resume");
  step = (steps: number) => this.post<Control>("/system/step", { steps });
  speed = (bars_per_second: number) => this.post<Control>("/system/speed", { bars_per_second });

  sessions = async () => (await this.get<{ sessions: SessionStatus[] }>("/online-learning/sessions")).sessions;
  drift = async () => (await this.get<{ sessions: DriftStatus[] }>("/online-learning/drift/status")).sessions;

  bars = (symbol: string, page: Page) => this.get<SeriesAnswer>(`/market/${encodeURIComponent(symbol)}/bars`, { ...page });
  equity = (page: Page) => this.get<SeriesAnswer>("/trading/equity", { ...page });
  predictions = (symbol: string, target: string, page: Page) =>
    this.get<SeriesAnswer>("/predictions", { symbol, target, ...page });
  history = (symbol: string, target: string, page: Page) =>
    this.get<SeriesAnswer>("/metrics/history", { symbol, target, ...page });
  reliability = (symbol: string, target: string) => this.get<Reliability>("/metrics/reliability", { symbol, target });
  fills = (symbol: string, book: string, page: Page) =>
    this.get<{ fills: Fill[]; next_seq: number | null }>("/trading/fills", { symbol, book, ...page });
  positions = () => this.get<Positions>("/trading/positions");
  regimes = (symbol: string) => this.get<Regimes>("/regimes", { symbol });
  adaptations = () => this.get<Adaptations>("/adaptations");

  prediction = (id: string) => this.get<Inspection>(`/predictions/${path(id)}`);
  decision = (fillId: string) => this.get<Inspection>(`/trading/fills/${path(fillId)}/decision`);

  private get<T>(where: string, query: Query = {}): Promise<T> {
    const given = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]));
    const text = new URLSearchParams(given).toString();
    return this.ask<T>("GET", text ? `${where}?${text}` : where);
  }

  private post<T>(where: string, body: unknown = {}): Promise<T> {
    return this.ask<T>("POST", where, JSON.stringify(body));
  }

  private async ask<T>(method: string, where: string, body?: string): Promise<T> {
    const headers = new Headers();
    const token = this.token();
    if (token !== null) headers.set("authorization", `Bearer ${token}`);
    if (body !== undefined) headers.set("content-type", "application/json");
    let answer: Response;
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      answer = await fetch(ROOT + where, { method, headers, body: body ?? null, signal, cache: "no-store" });
    } catch {
      throw new Unreachable("the server does not answer");
    }
    if (!answer.ok) {
      if (answer.status === 401 && where !== "/auth/exchange") this.onRefusedToken();
      throw new Refused(answer.status, await sentence(answer));
    }
    try {
      return (await answer.json()) as T;
    } catch {
      throw new Unreachable("the server's answer broke off");
    }
  }
}

/** Ids hold slashes, which stay; everything else that an address gives a meaning to is escaped. */
function path(id: string): string {
  return id.split("/").map(encodeURIComponent).join("/");
}

async function sentence(answer: Response): Promise<string> {
  try {
    const { detail } = (await answer.json()) as { detail?: unknown };
    if (typeof detail === "string") return detail;
  } catch {
    // Not ours: something between the page and the server answered.
  }
  return `the server answered ${answer.status}`;
}
