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
