// Fetches the files of one model from its publisher, or from another place that has the same bytes where that one does
// not give them. What has come from a place is gone on with there.

import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Mirror } from '../contract/mirror.ts';
import { type PublishedFile, type PublishedModel, addressOf, publishedModelBytes, sourcesOf } from './catalogue.ts';
import { isFaultOfSource, placeError } from './download-errors.ts';
import { type DownloadPatience, downloadFile } from './download.ts';
import { discardPart } from './part-file.ts';
import { bytesThere, isWhole } from './stored-model.ts';
import { unpackMembers } from './unpack-members.ts';

export interface FetchModelOptions {
  readonly model: PublishedModel;
  /** Folder that its files go into. */
  readonly place: string;
  readonly mirrors: readonly Mirror[];
  readonly userAgent: string;
  /** To stop it; what has come is kept. Throws the signal's reason then. */
  readonly signal: AbortSignal;
  readonly patience?: Partial<DownloadPatience> | undefined;
  /** Bytes that are there of so many that are fetched. */
  readonly onProgress: (bytesDone: number, totalBytes: number, phase: 'checking' | 'running') => void;
}

/** Throws a UserError that says what to do (download.*), of the last place that was asked, or the signal's reason. */
export async function fetchModel(options: FetchModelOptions): Promise<void> {
  const { model, place, signal } = options;
  const sources = await inOrder(model, place);
  for (const [i, files] of sources.entries()) {
    try {
      await fetchFiles(options, files);
      break;
    } catch (error) {
      signal.throwIfAborted();
      if (i === sources.length - 1 || !isFaultOfSource(error)) throw placeError(error);
    }
  }
  for (const { file } of sources.flat()) await discardPart(path.join(place, file));
}

/** How much has come of how much: at the place that has given most of it. */
export async function fetchedOf(model: PublishedModel, place: string): Promise<{ bytes: number; ofBytes: number }> {
  const [files] = await inOrder(model, place);
  return { bytes: await bytesThere(files!, place), ofBytes: publishedModelBytes({ files: [...files!] }) };
}

async function inOrder(model: PublishedModel, place: string): Promise<(readonly PublishedFile[])[]> {
  const found = await Promise.all(sourcesOf(model).map(async (files) => (
    { files, bytes: await bytesThere(files, place) })));
  // a stable sort: the publisher is asked first where nothing has come
  return found.sort((a, b) => b.bytes - a.bytes).map(({ files }) => files);
}

async function fetchFiles(options: FetchModelOptions, files: readonly PublishedFile[]): Promise<void> {
  const { place, mirrors, userAgent, signal, patience } = options;
  const totalBytes = publishedModelBytes({ files: [...files] });
  let earlier = 0;
  for (const published of files) {
    const file = path.join(place, published.file);
    if (!isWhole(file, published.bytes)) {
      await mkdir(path.dirname(file), { recursive: true });
      const done = earlier;
      await downloadFile({
        url: addressOf(published, mirrors), file, sizeBytes: published.bytes, sha256: published.sha256, userAgent,
        signal, onProgress: (bytes, phase) => options.onProgress(done + bytes, totalBytes, phase),
        ...(patience ? { patience } : {}),
      });
    }
    if (published.members) await unpack(file, published.members, place);
    earlier += published.bytes ?? 0;
  }
}

/** The archive goes once the note says that all is there; one that does not hold it goes at once. */
async function unpack(archive: string, members: NonNullable<PublishedFile['members']>, place: string): Promise<void> {
  try {
    await unpackMembers(archive, members, place);
  } catch (error) {
    if (isFaultOfSource(error)) await rm(archive, { force: true });
    throw error;
  }
}
