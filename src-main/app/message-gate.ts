// The one gate that messages from the page pass: who sent it, is it a command, does it fit the command's schema.
// Fails closed: a sender that cannot be named is refused. Free of electron, so that it is tested without it.

import { commands } from '../contract/studio.ts';
import type { Answer, CommandName } from '../contract/studio.ts';
import type { ErrorData } from '../contract/nouns.ts';
import { isOwnPage } from './page-policy.ts';

/** Who sent a message, in the words that matter. A destroyed frame is null. */
export interface Sender {
  readonly webContentsId: number;
  readonly frame: { readonly url: string; readonly isMainFrame: boolean } | null;
}

/** What the gate needs of the studio: it gets requests that fit their schema, with defaults filled in. */
export type CallStudio = (command: CommandName, request: unknown) => Promise<Answer>;

export interface MessageGate {
  /** Whether this sender may speak at all: a known window's main frame, showing our own page. */
  isTrusted(sender: Sender): boolean;
  /** Answers a call. Never throws: a refusal is an answer too. */
  answer(sender: Sender, command: unknown, request: unknown): Promise<Answer>;
}

/** Builds the gate. `isKnownWindow` says whether an id belongs to a window that we opened and that still lives. */
export function messageGate(call: CallStudio, isKnownWindow: (webContentsId: number) => boolean): MessageGate {
  const isTrusted = (sender: Sender): boolean =>
    sender.frame !== null &&
    sender.frame.isMainFrame &&
    isOwnPage(sender.frame.url) &&
    isKnownWindow(sender.webContentsId);
  return {
    isTrusted,
    async answer(sender, command, request) {
      if (!isTrusted(sender)) return refusal('app.sender-refused', 'A message came from outside the studio’s page.');
      if (!isCommand(command)) return refusal('app.unknown-command', 'The page asked for something unknown.');
      const parsed = commands[command].request.safeParse(request);
      if (!parsed.success) {
        const where = parsed.error.issues[0]?.path.join('.') ?? '';
        return refusal('app.bad-request', `The page’s request ‘${command}’ is malformed at ‘${where}’.`);
      }
      return call(command, parsed.data);
    },
  };
}

function isCommand(word: unknown): word is CommandName {
  return typeof word === 'string' && Object.hasOwn(commands, word);
}

function refusal(code: string, what: string): Answer {
  const error: ErrorData = {
    code,
    what,
    safe: 'Nothing was changed.',
    todo: 'Restart Likeness; if it happens again, please report it.',
    parameters: {},
  };
  return { ok: false, error };
}
