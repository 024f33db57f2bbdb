// What is said when a package registry does not answer as it should.

import { UserError } from '../contract/errors.ts';

const kept = 'What has come so far is kept, and the download goes on from there.';

export const strangeAnswer = (host: string): UserError => new UserError('download.strange-answer', {
  what: `${host} answered with something else than the description of a package.`, safe: kept,
  todo: 'Open any web page in a browser to sign in to the network, if yours asks for that; otherwise try again later, '
    + 'set another mirror in Settings, or look whether there is a newer Likeness.',
}, { host });

export const noSuchPackage = (host: string, name: string): UserError => new UserError('download.no-package', {
  what: `${host} has no release of ${name} that runs on this machine.`, safe: kept,
  todo: 'Look whether there is a newer Likeness; on a system with an old C library, a newer system is needed.',
}, { host, name });
