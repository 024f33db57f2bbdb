// Answers for what is not there any more: removed in another window, or never there.

import { UserError } from '../contract/errors.ts';

/** The thing itself, or a UserError '<noun>.unknown' that says so. */
export function present<T>(found: T | undefined, noun: 'subject' | 'photo' | 'look' | 'portrait' | 'job'): T {
  if (found !== undefined) return found;
  throw new UserError(`${noun}s.unknown`, {
    what: `This ${noun} is not in the library any more.`,
    safe: 'Nothing was changed.',
    todo: 'Go back to the list and choose another.',
  });
}

/** Nothing of a selection of portraits is there. */
export function noneLeft(): UserError {
  return new UserError('portraits.none-left', {
    what: 'None of these portraits is there any more.',
    safe: 'Nothing was written.',
    todo: 'Choose other portraits and save them.',
  });
}
