// The one gate that messages from the page pass before anything parses them: who sent it?
// Fails closed: a sender that cannot be named is refused. Free of electron, so that it is tested without it.

import { type DesktopCommandName, desktopCommandNames } from '../contract/desktop.ts';
import type { ErrorData } from '../contract/nouns.ts';
import type { Answer } from '../contract/studio.ts';
import type { AnswerDesktop } from './desktop-commands.ts';
import { isOwnPage } from './page-policy.ts';

/** Who sent a message, in the words that matter. A destroyed frame is null. */
export interface Sender {
  readonly webContentsId: number;
  readonly frame: { readonly url: string; readonly isMainFrame: boolean } | null;
}

/** The studio's own call: parses command and request on arrival, answers with data, never throws. */
export type CallStudio = (command: string, request: unknown) => Promise<Answer>;

/** What stands behind the gate; each parses what it is given. */
export interface Behind {
  readonly call: CallStudio;
  readonly desktop: AnswerDesktop;
  /** Files that were dropped onto the window. */
  readonly importFiles: (request: unknown) => Promise<Answer>;
  /** Portraits that are dragged out of it. */
  readonly dragOut: (request: unknown) => Promise<void>;
}

export interface MessageGate {
  /** Whether this sender may speak at all: a known window's main frame, showing our own page. */
  isTrusted(sender: Sender): boolean;
  /** Answers a call. Never throws: a refusal is an answer too. */
  answer(sender: Sender, command: unknown, request: unknown): Promise<Answer>;
  importFiles(sender: Sender, request: unknown): Promise<Answer>;
  /** Has no answer; a stranger's is passed over. */
  dragOut(sender: Sender, request: unknown): Promise<void>;
}

/** Builds the gate. `isKnownWindow` says whether an id belongs to a window that we opened and that still lives. */
export function messageGate(behind: Behind, isKnownWindow: (webContentsId: number) => boolean): MessageGate {
  const isTrusted = (sender: Sender): boolean =>
    sender.frame !== null &&
    sender.frame.isMainFrame &&
    isOwnPage(sender.frame.url) &&
    isKnownWindow(sender.webContentsId);
  return {
    isTrusted,
    async answer(sender, command, request) {
      if (!isTrusted(sender)) return refusal();
      // what is no text is no command; String() would run a toString of its own
      const name = typeof command === 'string' ? command : '';
      return isDesktopCommand(name) ? behind.desktop(name, request) : behind.call(name, request);
    },
    async importFiles(sender, request) {
      return isTrusted(sender) ? behind.importFiles(request) : refusal();
    },
    async dragOut(sender, request) {
      if (isTrusted(sender)) await behind.dragOut(request);
    },
  };
}

function isDesktopCommand(name: string): name is DesktopCommandName {
  return (desktopCommandNames as string[]).includes(name);
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
