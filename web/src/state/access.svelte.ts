// Who may read: the token of this tab, got for the ticket in the link or pasted by hand.

import { Client, Refused, Unreachable } from "../api/client";

const KEY = "alpha-pulse.token";
const TICKET = /^#ticket=([A-Za-z0-9._~-]{8,512})$/;

class Access {
  token = $state<string | null>(sessionStorage.getItem(KEY));
  /** Why there is no access, as a sentence; null while nothing went wrong. */
  complaint = $state<string | null>(null);
  busy = $state(false);

  /** Take the ticket out of the address and trade it for a token. The ticket is gone from the address before anything else. */
  async enter(): Promise<void> {
    const found = TICKET.exec(location.hash);
    if (location.hash !== "") history.replaceState(null, "", location.pathname + location.search);
    if (found?.[1] !== undefined) await this.exchange(found[1]);
  }

  /** Use a token that was pasted, or the ticket of a whole link that was. */
  async paste(text: string): Promise<void> {
    const given = text.trim();
    const ticket = TICKET.exec(given.slice(Math.max(0, given.indexOf("#"))))?.[1];
    if (ticket !== undefined) {
      await this.exchange(ticket);
      return;
    }
    this.busy = true;
    try {
      if (!/^[\x21-\x7e]+$/.test(given)) throw new Refused(401, "a token is one word of letters, digits and signs");
      const trial = new Client(
        () => given,
        () => undefined,
      );
      await trial.system();
      this.keep(given);
    } catch (error) {
      this.complaint = reason(error, "the server does not know this token");
    } finally {
      this.busy = false;
    }
  }

  /** The server no longer takes the token. */
  lose(): void {
    if (this.token === null) return;
    this.keep(null);
    this.complaint = "The server does not take this tab's token any more: its session has ended, or the token was changed.";
  }

  private async exchange(ticket: string): Promise<void> {
    this.busy = true;
    try {
      this.keep((await client.exchange(ticket)).token);
    } catch (error) {
      if (this.token === null) this.complaint = reason(error, "a link opens the page once, within two minutes of the start that printed it");
    } finally {
      this.busy = false;
    }
  }

  private keep(token: string | null): void {
    this.token = token;
    this.complaint = null;
    if (token === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
  }
}

function reason(error: unknown, refused: string): string {
  if (error instanceof Unreachable) return "The server does not answer. Is it running?";
  if (error instanceof Refused) return error.status === 401 ? `Not taken: ${refused}.` : `Not taken: ${error.message}.`;
  throw error;
}

export const access = new Access();
export const client: Client = new Client(
  () => access.token,
  () => access.lose(),
);
