// What is said when a file cannot be fetched. Nothing of an address but its host is told: paths may hold tokens.

import { UserError } from '../contract/errors.ts';

const kept = 'What has come so far is kept, and the download goes on from there.';
const dropped = 'What came was thrown away; nothing else was changed.';

type Code = 'unreachable' | 'interrupted' | 'refused' | 'not-there' | 'busy' | 'login-page' | 'lfs-pointer'
  | 'other-size' | 'other-content' | 'encoded' | 'strayed';

function downloadError(
  code: Code, text: { what: string; safe: string; todo: string }, host: string,
  more: Record<string, string | number> = {},
): UserError {
  return new UserError(`download.${code}`, text, { host, ...more });
}

export const unreachable = (host: string, reason: string): UserError => downloadError('unreachable', {
  what: `${host} could not be reached (${reason}).`, safe: kept,
  todo: 'Check the internet connection, or set a mirror in Settings, and try again.',
}, host, { reason });

export const interrupted = (host: string): UserError => downloadError('interrupted', {
  what: `${host} broke off the transfer again and again.`, safe: kept,
  todo: 'Try again later, or set a mirror in Settings.',
}, host);

export const refused = (host: string, status: number): UserError => downloadError('refused', {
  what: `${host} does not give this file to everybody (answer ${status}).`, safe: kept,
  todo: 'Fetch the file yourself in a browser, after signing in where it asks for that, and name it under '
    + '"Your own models"; or set a mirror in Settings.',
}, host, { status });

export const notThere = (host: string, status: number): UserError => downloadError('not-there', {
  what: `${host} has no such file any more (answer ${status}).`, safe: kept,
  todo: 'Look whether there is a newer Likeness, or set a mirror in Settings.',
}, host, { status });

export const busy = (host: string, status: number): UserError => downloadError('busy', {
  what: `${host} is too busy to answer (${status}).`, safe: kept, todo: 'Try again in a few minutes.',
}, host, { status });

export const loginPage = (host: string): UserError => downloadError('login-page', {
  what: `${host} sent a web page in place of the file: a sign-in page of its own or of this network.`, safe: dropped,
  todo: 'Open any web page in a browser to sign in to the network, or fetch the file yourself and name it under '
    + '"Your own models".',
}, host);

export const lfsPointer = (host: string): UserError => downloadError('lfs-pointer', {
  what: `${host} sent a Git LFS pointer, a few lines that only name the file.`, safe: dropped,
  todo: 'Set another mirror in Settings: this one keeps no large files.',
}, host);

export const otherSize = (host: string, found: number, wanted: number): UserError => downloadError('other-size', {
  what: `The file at ${host} has ${found} bytes where ${wanted} were published.`, safe: dropped,
  todo: 'Set another mirror in Settings, or look whether there is a newer Likeness.',
}, host, { found, wanted });

export const otherContent = (host: string): UserError => downloadError('other-content', {
  what: `What came from ${host} is not what was published: its SHA-256 is another one.`, safe: dropped,
  todo: 'Try again; if it happens again, set another mirror in Settings.',
}, host);

export const encoded = (host: string, encoding: string): UserError => downloadError('encoded', {
  what: `${host} sent the file packed (${encoding}), though it was asked for as it is.`, safe: kept,
  todo: 'Set another mirror in Settings.',
}, host, { encoding });

export const strayed = (host: string, to: string): UserError => downloadError('strayed', {
  what: `${host} sent the download on to ${to}, which Likeness does not trust.`, safe: kept,
  todo: 'Set a mirror in Settings, or fetch the file yourself and name it under "Your own models".',
}, host, { to });

export const wantedNoRoom = (needed: string, free: string): UserError => new UserError('download.no-room', {
  what: `There is no room for it: ${needed} are needed, ${free} are free.`, safe: 'Nothing was changed.',
  todo: 'Free some space, or choose another place for models.',
}, { needed, free });

export const brokenArchive = (file: string): UserError => new UserError('download.archive', {
  what: `"${file}" does not hold the files that it should.`, safe: dropped,
  todo: 'Try again; if it happens again, set another mirror in Settings.',
}, { file });

/** What another place that has the same file may not do. */
export function isFaultOfSource(error: unknown): boolean {
  return error instanceof UserError && ('host' in error.parameters || error.code === 'download.archive');
}

// EFBIG: the file system takes no larger files
const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
// EEXIST: a file is where the folder should be
const closedCodes = new Set(['EACCES', 'EPERM', 'EROFS', 'EEXIST']);
const goneCodes = new Set(['ENOENT', 'ENOTDIR', 'EIO', 'ENXIO', 'ENODEV', 'ESTALE', 'EREMOTEIO', 'ENOTCONN']);

/** What a disk does to a download, as a UserError; everything else as it is. */
export function placeError(error: unknown): unknown {
  const isOfDisk = error instanceof Error && 'code' in error && 'syscall' in error && error.syscall !== 'connect';
  const reason = isOfDisk ? String(error.code) : '';
  if (fullCodes.has(reason)) return diskFull();
  if (closedCodes.has(reason)) return placeClosed(reason);
  return goneCodes.has(reason) ? placeGone(reason) : error;
}

const diskFull = (): UserError => new UserError('download.disk-full', {
  what: 'The disk on which models are kept is full.', safe: kept,
  todo: 'Free some space and go on, or choose another place for models.',
});

const placeClosed = (reason: string): UserError => new UserError('download.place-closed', {
  what: `Likeness may not write where models are kept (${reason}).`, safe: kept,
  todo: 'Check that the folder belongs to you and that its disk is not read-only, then go on; or choose another place '
    + 'for models.',
}, { reason });

const placeGone = (reason: string): UserError => new UserError('download.place-gone', {
  what: `The place where models are kept does not answer (${reason}).`,
  safe: 'What has come so far is where it was, and the download goes on from there.',
  todo: 'Plug its drive in or connect to it again and go on, or choose another place for models.',
}, { reason });
