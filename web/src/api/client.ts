// All requests of the page to the API.

import type {
  Adaptations,
  Control,
  DriftStatus,
  Fill,
  Health,
  Inspection,
  Positions,
  Regimes,
  Reliability,
  SeriesPage,
  SessionServing,
  SessionStatus,
  SystemStatus,
} from "./wire";

/** The server responded with an error; the message is the server's sentence. */
export class ResponseError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** There was no complete response. */
export class NetworkError extends Error {}

export interface Page {
  from_seq?: number;
  limit?: number;
  max_points?: number;
}

interface ServingSessions {
  sessions: SessionServing[];
}

type Query = Record<string, string | number | undefined>;

const API = "/api/v1";
const TIMEOUT_MS = 15_000;

export class Client {
  constructor(
    private readonly token: () => string | null,
    private readonly onInvalidToken: () => void,
  ) {}

  exchange = (ticket: string) => this.post<{ token: string }>("/auth/exchange", { ticket });
  ticket = () => this.post<{ ticket: string; expires_in_s: number }>("/auth/ticket");

  health = () => this.request<Health>("GET", "/health");
  system = () => this.get<SystemStatus>("/system");
  pause = () => this.post<Control>("/system/pause");
  resume = () => this.post<Control>("/system/resume");
  step = (steps: number) => this.post<Control>("/system/step", { steps });
  speed = (bars_per_second: number) => this.post<Control>("/system/speed", { bars_per_second });

  serving = () => this.get<ServingSessions>("/serving");
  promote = (session: string, member: string) => this.post<ServingSessions>(`/serving/${path(session)}/promote`, { member });
  startMember = (session: string, member: string) => this.post<ServingSessions>(`/serving/${path(session)}/start`, { member });
  stopMember = (session: string, member: string) => this.post<ServingSessions>(`/serving/${path(session)}/stop`, { member });
  rollBack = (session: string) => this.post<ServingSessions>(`/serving/${path(session)}/rollback`);
  freeze = (session: string) => this.post<ServingSessions>(`/serving/${path(session)}/freeze`);
  unfreeze = (session: string) => this.post<ServingSessions>(`/serving/${path(session)}/unfreeze`);

  sessions = async () => (await this.get<{ sessions: SessionStatus[] }>("/online-learning/sessions")).sessions;
  drift = async () => (await this.get<{ sessions: DriftStatus[] }>("/online-learning/drift/status")).sessions;

  bars = (symbol: string, page: Page) => this.get<SeriesPage>(`/market/${encodeURIComponent(symbol)}/bars`, { ...page });
  equity = (page: Page) => this.get<SeriesPage>("/trading/equity", { ...page });
  predictions = (symbol: string, target: string, page: Page) =>
    this.get<SeriesPage>("/predictions", { symbol, target, ...page });
  /** Scores over the window of the run, or over the newest `window` labels. */
  history = (symbol: string, target: string, page: Page, window?: number) =>
    this.get<SeriesPage>("/metrics/history", { symbol, target, ...page, window });
  reliability = (symbol: string, target: string) => this.get<Reliability>("/metrics/reliability", { symbol, target });
  fills = (symbol: string, book: string, page: Page) =>
    this.get<{ fills: Fill[]; next_seq: number | null }>("/trading/fills", { symbol, book, ...page });
  positions = () => this.get<Positions>("/trading/positions");
  regimes = (symbol: string) => this.get<Regimes>("/regimes", { symbol });
  adaptations = () => this.get<Adaptations>("/adaptations");

  prediction = (id: string) => this.get<Inspection>(`/predictions/${path(id)}`);
  decision = (fillId: string) => this.get<Inspection>(`/trading/fills/${path(fillId)}/decision`);

  private get<T>(route: string, query: Query = {}): Promise<T> {
    const parameters = Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]]));
    const text = new URLSearchParams(parameters).toString();
    return this.request<T>("GET", API + (text ? `${route}?${text}` : route));
  }

  private post<T>(route: string, body: unknown = {}): Promise<T> {
    return this.request<T>("POST", API + route, JSON.stringify(body));
  }

  private async request<T>(method: string, address: string, body?: string): Promise<T> {
    const headers = new Headers();
    const token = this.token();
    if (token !== null) headers.set("authorization", `Bearer ${token}`);
    if (body !== undefined) headers.set("content-type", "application/json");
    let response: Response;
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      response = await fetch(address, { method, headers, body: body ?? null, signal, cache: "no-store" });
    } catch {
      throw new NetworkError("the server does not respond");
    }
    if (!response.ok) {
      if (response.status === 401 && address !== `${API}/auth/exchange`) this.onInvalidToken();
      throw new ResponseError(response.status, await messageOf(response));
    }
    try {
      return (await response.json()) as T;
    } catch {
      throw new NetworkError("the connection closed before the response was complete");
    }
  }
}

/** Ids contain slashes, which stay; all other characters with a meaning in an address are escaped. */
function path(id: string): string {
  return id.split("/").map(encodeURIComponent).join("/");
}

async function messageOf(response: Response): Promise<string> {
  try {
    const { detail } = (await response.json()) as { detail?: unknown };
    if (typeof detail === "string") return detail;
  } catch {
    // Not a response of the server: something between the page and the server sent it.
  }
  return `the server responded with status ${response.status}`;
}
