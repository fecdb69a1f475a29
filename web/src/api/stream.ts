// The live connection to one symbol: opened with a one-time ticket, resumed where it broke off, with growing pauses.

import type { Control, Message, Step } from "./wire";

export type ConnectionState =
  | { state: "connecting" }
  | { state: "live" }
  | { state: "disconnected"; until: number; reason: string };

export interface Listener {
  /** A one-time ticket; rejects when the server gives none. */
  ticket(): Promise<string>;
  /** The first row that the page does not have yet. */
  fromSeq(): number;
  onConnection(connection: ConnectionState): void;
  onControl(control: Control, hello: boolean): void;
  onStep(seq: number, step: Step): void;
  onGap(from: number): void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** The server sends a message at least every 20 s; a connection that is silent for longer than this is dead. */
const SILENCE_MS = 45_000;

export class Stream {
  private socket: WebSocket | null = null;
  private pause = FIRST_PAUSE_MS;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(
    private readonly symbol: string,
    private readonly listener: Listener,
  ) {
    void this.open();
  }

  /** Retry at once. */
  retryNow(): void {
    if (this.socket !== null || this.closed) return;
    clearTimeout(this.retry);
    this.pause = FIRST_PAUSE_MS;
    void this.open();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.retry);
    clearTimeout(this.silence);
    this.socket?.close(1000);
    this.socket = null;
  }

  private async open(): Promise<void> {
    this.listener.onConnection({ state: "connecting" });
    let ticket: string;
    try {
      ticket = await this.listener.ticket();
    } catch (error) {
      this.retryLater(error instanceof Error ? error.message : "no ticket");
      return;
    }
    if (this.closed) return;
    const address = new URL(`/api/v1/online-learning/streaming/${encodeURIComponent(this.symbol)}`, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.onopen = () =>
      socket.send(JSON.stringify({ type: "auth", data: { ticket }, from_seq: this.listener.fromSeq() }));
    socket.onmessage = (event) => this.receive(event);
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.retryLater(event.reason || "the connection closed");
    };
    this.watchSilence(socket);
  }

  private receive(event: MessageEvent): void {
    if (this.closed) return;
    if (this.socket !== null) this.watchSilence(this.socket);
    const message = JSON.parse(String(event.data)) as Message;
    switch (message.type) {
      case "hello":
        this.pause = FIRST_PAUSE_MS;
        this.listener.onConnection({ state: "live" });
        this.listener.onControl(message.data, true);
        break;
      case "state":
        this.listener.onControl(message.data, false);
        break;
      case "step":
        this.listener.onStep(message.seq, message.data);
        break;
      case "gap":
        this.listener.onGap(message.data.from_seq);
        break;
      case "ping":
        break;
    }
  }

  private watchSilence(socket: WebSocket): void {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      if (this.socket !== socket) return;
      this.socket = null;
      socket.close();
      this.retryLater("the server sent nothing for 45 s");
    }, SILENCE_MS);
  }

  private retryLater(reason: string): void {
    if (this.closed) return;
    clearTimeout(this.silence);
    // Random, so that the pages of a server that restarts do not reconnect at the same instant.
    const wait = this.pause * (0.8 + 0.4 * Math.random());
    this.pause = Math.min(2 * this.pause, LONGEST_PAUSE_MS);
    this.listener.onConnection({ state: "disconnected", until: Date.now() + wait, reason });
    this.retry = setTimeout(() => void this.open(), wait);
  }
}
