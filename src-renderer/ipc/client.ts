// The page's one way to the studio: typed commands and events over a transport. Everything that arrives is parsed
// against the contract; a failure is always thrown as a UserError, so that it can be shown and tried again.

import { reviveError } from '../../src-main/contract/error-data.ts';
import { UserError } from '../../src-main/contract/errors.ts';
import {
  answerSchema, commands, eventSchema, type CommandName, type CommandRequest, type CommandResponse, type StudioEvent,
} from '../../src-main/contract/studio.ts';
import type { Transport } from './transport.ts';

export interface StudioClient {
  /** Runs a command; rejects with a UserError. */
  call<N extends CommandName>(command: N, request: CommandRequest<N>): Promise<CommandResponse<N>>;
  /** Listens to events; `onConnection` hears true at each (re)connection and false at each loss. */
  subscribe(onEvent: (event: StudioEvent) => void, onConnection: (isConnected: boolean) => void): () => void;
}

/** A client over a transport. */
export function openClient(transport: Transport): StudioClient {
  return {
    call: async (command, request) => {
      const answer = answerSchema.safeParse(await reach(transport, command, request as Record<string, unknown>));
      if (!answer.success) throw misunderstood(command);
      if (!answer.data.ok) throw reviveError(answer.data.error);
      const result = commands[command].response.safeParse(answer.data.result);
      if (!result.success) throw misunderstood(command);
      return result.data as never;
    },
    subscribe: (onEvent, onConnection) =>
      transport.subscribe((raw) => {
        const event = eventSchema.safeParse(raw);
        // an event of a newer studio is nothing to this page
        if (event.success) onEvent(event.data);
      }, onConnection),
  };
}

async function reach(transport: Transport, command: string, request: Record<string, unknown>): Promise<unknown> {
  try {
    return await transport.call(command, request);
  } catch {
    throw new UserError('page.studio-unreachable', {
      what: 'The studio does not answer.',
      safe: 'Everything that was saved is safe.',
      todo: 'Start the studio again if it was closed, then try again.',
    });
  }
}

function misunderstood(command: string): UserError {
  return new UserError('page.answer-misunderstood', {
    what: `The studio's answer to “${command}” could not be read.`,
    safe: 'Nothing on this page was changed by it.',
    todo: 'Reload the page; if it happens again, page and studio are of different versions.',
  }, { command });
}
