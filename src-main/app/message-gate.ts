// The one gate that messages from the page pass before the studio parses them against their schema: who sent it?
// Fails closed: a sender that cannot be named is refused. Free of electron, so that it is tested without it.

import type { Answer } from '../contract/studio.ts';
import type { ErrorData } from '../contract/nouns.ts';
import { isOwnPage } from './page-policy.ts';

/** Who sent a message, in the words that matter. A destroyed frame is null. */
export interface Sender {
  readonly webContentsId: number;
  readonly frame: { readonly url: string; readonly isMainFrame: boolean } | null;
}

/** The studio's own call: parses command and request on arrival, answers with data, never throws. */
export type CallStudio = (command: string, request: unknown) => Promise<Answer>;

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
      if (!isTrusted(sender)) return refusal();
      return call(String(command), request);
    },
  };
}

function refusal(): Answer {
  const error: ErrorData = {
    code: 'app.sender-refused',
    what: 'A message came from outside the studio’s own page.',
    safe: 'Nothing was changed.',
    todo: 'Restart Likeness; if it happens again, please report it.',
    parameters: {},
  };
  return { ok: false, error };
}
