// The live connection to one symbol: opened with a one-time ticket, taken up again where it broke off, with growing pauses.

import type { Control, Message, Step } from "./wire";

export type Link = { state: "connecting" } | { state: "live" } | { state: "waiting"; until: number; why: string };

export interface Listener {
  /** A one-time ticket; rejects when none can be had. */
  ticket(): Promise<string>;
  /** The first row that is not known yet. */
  fromSeq(): number;
  onLink(link: Link): void;
  onControl(control: Control, hello: boolean): void;
  onStep(seq: number, step: Step): void;
  onGap(from: number): void;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** The server says something at least every 20 s; a connection that has been silent for longer is dead. */
const SILENCE_MS = 45_000;

export class Stream {
  private socket: WebSocket | null = null;
  private pause = FIRST_PAUSE_MS;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setTimeout> | undefined;
  private ended = false;

  constructor(
    private readonly symbol: string,
    private readonly listener: Listener,
  ) {
    void this.open();
  }

  /** Try again at once. */
  now(): void {
    if (this.socket !== null || this.ended) return;
    clearTimeout(this.retry);
    this.pause = FIRST_PAUSE_MS;
    void this.open();
  }

  close(): void {
    this.ended = true;
    clearTimeout(this.retry);
    clearTimeout(this.watch);
    this.socket?.close(1000);
    this.socket = null;
  }

  private async open(): Promise<void> {
    this.listener.onLink({ state: "connecting" });
    let ticket: string;
    try {
      ticket = await this.listener.ticket();
    } catch (error) {
      this.later(error instanceof Error ? error.message : "no ticket");
      return;
    }
    if (this.ended) return;
    const address = new URL(`/api/v1/online-learning/streaming/${encodeURIComponent(this.symbol)}`, location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.onopen = () =>
      socket.send(JSON.stringify({ type: "auth", data: { ticket }, from_seq: this.listener.fromSeq() }));
    socket.onmessage = (event) => this.hear(event);
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      this.socket = null;
      this.later(event.reason || "the connection closed");
    };
    this.listenFor(socket);
  }

  private hear(event: MessageEvent): void {
    if (this.ended) return;
    if (this.socket !== null) this.listenFor(this.socket);
    const message = JSON.parse(String(event.data)) as Message;
    switch (message.type) {
      case "hello":
        this.pause = FIRST_PAUSE_MS;
        this.listener.onLink({ state: "live" });
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

  private listenFor(socket: WebSocket): void {
    clearTimeout(this.watch);
    this.watch = setTimeout(() => {
      if (this.socket !== socket) return;
      this.socket = null;
      socket.close();
      this.later("the server fell silent");
    }, SILENCE_MS);
  }

  private later(why: string): void {
    if (this.ended) return;
    clearTimeout(this.watch);
    // Not all pages of a server that comes back should knock at the same instant.
    const wait = this.pause * (0.8 + 0.4 * Math.random());
    this.pause = Math.min(2 * this.pause, LONGEST_PAUSE_MS);
    this.listener.onLink({ state: "waiting", until: Date.now() + wait, why });
    this.retry = setTimeout(() => void this.open(), wait);
  }
}
