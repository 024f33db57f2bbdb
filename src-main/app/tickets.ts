// Tickets for what the user chose in a dialog: the page carries the ticket, the path stays here. A ticket is for one
// purpose, only the last few are good, and none outlives the process.

import { randomBytes } from 'node:crypto';
import { UserError } from '../contract/errors.ts';

export interface Tickets<Purpose extends string> {
  issue(purpose: Purpose, path: string): string;
  /** The path behind it; throws 'desktop.ticket-gone' for a ticket that is none, or for something else. */
  pathOf(purpose: Purpose, ticket: string): string;
}

const mostTickets = 16;

export function openTickets<Purpose extends string>(): Tickets<Purpose> {
  const living = new Map<string, { readonly purpose: Purpose; readonly path: string }>();
  return {
    issue(purpose, path) {
      const ticket = randomBytes(16).toString('hex');
      living.set(ticket, { purpose, path });
      const [oldest] = living.keys();
      if (living.size > mostTickets && oldest !== undefined) living.delete(oldest);
      return ticket;
    },
    pathOf(purpose, ticket) {
      const found = living.get(ticket);
      if (found?.purpose !== purpose) {
        throw new UserError('desktop.ticket-gone', {
          what: 'That folder was chosen too long ago.', safe: 'Nothing was changed.', todo: 'Choose the folder again.',
        });
      }
      return found.path;
    },
  };
}
