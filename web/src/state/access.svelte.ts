// The token of this tab: exchanged for the ticket in the link, or pasted by hand.

import { Client, NetworkError, ResponseError } from "../api/client";

const KEY = "alpha-pulse.token";
const TICKET = /^#ticket=([A-Za-z0-9._~-]{8,512})$/;

class Access {
  token = $state<string | null>(sessionStorage.getItem(KEY));
  /** Why the sign-in failed, as a sentence; null without a failure. */
  error = $state<string | null>(null);
  busy = $state(false);

  /** Exchange the ticket in the address for a token. The ticket is removed from the address first. */
  async enter(): Promise<void> {
    const match = TICKET.exec(location.hash);
    if (location.hash !== "") history.replaceState(null, "", location.pathname + location.search);
    if (match?.[1] !== undefined) await this.exchange(match[1]);
  }

  /** Use a pasted token, or the ticket of a pasted link. */
  async paste(text: string): Promise<void> {
    const input = text.trim();
    const ticket = TICKET.exec(input.slice(Math.max(0, input.indexOf("#"))))?.[1];
    if (ticket !== undefined) {
      await this.exchange(ticket);
      return;
    }
    this.busy = true;
    try {
      if (!/^[\x21-\x7e]+$/.test(input)) throw new ResponseError(401, "a token is one word of printable ASCII characters");
      const trial = new Client(
        () => input,
        () => undefined,
      );
      await trial.system();
      this.store(input);
    } catch (error) {
      this.error = messageOf(error, "the server does not know this token");
    } finally {
      this.busy = false;
    }
  }

  /** The server no longer accepts the token. */
  expire(): void {
    if (this.token === null) return;
    this.store(null);
    this.error = "The server no longer accepts the token of this tab: the session has ended, or the token was changed.";
  }

  private async exchange(ticket: string): Promise<void> {
    this.busy = true;
    try {
      this.store((await client.exchange(ticket)).token);
    } catch (error) {
      if (this.token === null) this.error = messageOf(error, "a link opens the page once, within two minutes after the server printed it");
    } finally {
      this.busy = false;
    }
  }

  private store(token: string | null): void {
    this.token = token;
    this.error = null;
    if (token === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  }
}

function messageOf(error: unknown, unauthorised: string): string {
  if (error instanceof NetworkError) return "The server does not respond. Is it running?";
  if (error instanceof ResponseError) return `Not accepted: ${error.status === 401 ? unauthorised : error.message}.`;
  throw error;
}

export const access = new Access();
export const client: Client = new Client(
  () => access.token,
  () => access.expire(),
);
