// Takes named files out of a zip archive whose SHA-256 is known. Only what was asked for is written, under the names
// that were asked for and up to the sizes that were published: no name or size in the archive decides anything.

import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { syncFolder } from '../checkpoint/atomic-file.ts';
import { brokenArchive } from './download-errors.ts';
import { type ZipEntry, entryStreams, readEntries } from './zip-entries.ts';

export interface WantedMember {
  /** Base name, wherever in the archive it lies. */
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Writes the members into `folder`, each whole or not at all. Throws download.archive. */
export async function unpackMembers(archive: string, members: readonly WantedMember[], folder: string): Promise<void> {
  const handle = await open(archive, 'r');
  try {
    const entries = await readEntries(handle).catch(() => undefined);
    for (const member of members) {
      const entry = entries?.find(({ name }) => name.split('/').at(-1) === member.name);
      if (!entry) throw brokenArchive(path.basename(archive));
      await unpack(archive, handle, entry, member, folder);
    }
    await syncFolder(folder);
  } finally {
    await handle.close();
  }
}

async function unpack(
  archive: string, handle: FileHandle, entry: ZipEntry, member: WantedMember, folder: string,
): Promise<void> {
  const streams = await entryStreams(archive, handle, entry);
  if (!streams) throw brokenArchive(path.basename(archive));
  const file = path.join(folder, member.name);
  const out = await open(`${file}.part`, 'w');
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const measure = new Transform({
    transform(bytes: Buffer, _encoding, done) {
      sizeBytes += bytes.length;
      hash.update(bytes);
      done(sizeBytes > member.bytes ? new Error('It is larger than it should be.') : null, bytes);
    },
  });
  try {
    await pipeline([...streams, measure, out.createWriteStream({ flush: true })]);
    if (hash.digest('hex') !== member.sha256) throw new Error('It is another file.');
    await rename(`${file}.part`, file);
  } catch (error) {
    await rm(`${file}.part`, { force: true });
    throw isDisk(error) ? error : brokenArchive(path.basename(archive));
  } finally {
    await out.close().catch(() => undefined);
  }
}

const isDisk = (error: unknown): boolean => (
  error instanceof Error && 'code' in error && /^E[A-Z]+$/.test(String(error.code)));
