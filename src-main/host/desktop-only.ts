// What the browser host answers to the commands that only the desktop app has: an error that says so.

import { type DesktopCommandName, desktopCommandNames } from '../contract/desktop.ts';
import type { Answer } from '../contract/studio.ts';

/** The desktop's command behind this address; undefined for everything else. */
export function desktopCommandAt(pathname: string): DesktopCommandName | undefined {
  return desktopCommandNames.find((name) => pathname === `/api/${name}`);
}

/** Answers 'desktop.only'. */
export function desktopOnlyAnswer(): Answer {
  return {
    ok: false,
    error: {
      code: 'desktop.only',
      what: 'A browser cannot do this; the desktop app can.',
      safe: 'Nothing was changed.',
      todo: 'Open Likeness as an app, or use the command line.',
      parameters: {},
    },
  };
}
