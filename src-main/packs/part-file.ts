// A file that is coming in: its bytes in NAME.part, and beside it NAME.part.json with the SHA-256 of every chunk that
// is safely on the disk. A cut or a kill costs one chunk at most, and a chunk that was damaged meanwhile is found.

import { type Hash, createHash } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { syncFolder } from '../checkpoint/atomic-file.ts';

const stateSchema = z.object({
  url: z.string(), etag: z.string().nullable(), chunkBytes: z.int().min(1), hashes: z.array(z.string()),
});
type State = z.infer<typeof stateSchema>;

export interface PartFileOptions {
  readonly file: string;
  readonly url: string;
  readonly chunkBytes: number;
  /** By which the whole is told; chunks have their SHA-256. */
  readonly hashName: HashName;
}

/** What a publisher says of a file's bytes, in hexadecimal digits. */
export type PublishedHash = { readonly sha256: string } | { readonly sha512: string };
type HashName = 'sha256' | 'sha512';

export class PartFile {
  /** Bytes that have come and been written. */
  sizeBytes = 0;
  etag: string | null = null;
  readonly #file: string;
  readonly #url: string;
  readonly #chunkBytes: number;
  readonly #handle: FileHandle;
  #hashes: string[] = [];
  readonly #hashName: HashName;
  #total: Hash;
  #chunk: Hash = createHash('sha256');

  private constructor({ file, url, chunkBytes, hashName }: PartFileOptions, handle: FileHandle) {
    this.#file = file;
    this.#url = url;
    this.#chunkBytes = chunkBytes;
    this.#handle = handle;
    this.#hashName = hashName;
    this.#total = createHash(hashName);
  }

  /**
   * Opens what there is of `file` from the same address, up to the last chunk that is as it was written. `onRead` is
   * told bytes that were checked.
   */
  static async open(options: PartFileOptions, onRead: (bytes: number) => void): Promise<PartFile> {
    const { file, url, chunkBytes } = options;
    const state = await readState(file);
    const isSame = state?.url === url && state.chunkBytes === chunkBytes;
    const handle = await open(partName(file), isSame ? 'r+' : 'w+').catch(() => open(partName(file), 'w+'));
    const part = new PartFile(options, handle);
    if (isSame) await part.#readAgain(state, onRead);
    return part;
  }

  async #readAgain({ etag, hashes }: State, onRead: (bytes: number) => void): Promise<void> {
    const bytes = Buffer.alloc(this.#chunkBytes);
    for (const hash of hashes) {
      const { bytesRead } = await this.#handle.read(bytes, 0, bytes.length, this.sizeBytes);
      if (bytesRead < bytes.length || createHash('sha256').update(bytes).digest('hex') !== hash) break;
      this.#total.update(bytes);
      this.#hashes.push(hash);
      this.sizeBytes += bytesRead;
      onRead(this.sizeBytes);
    }
    this.etag = etag;
    await this.#handle.truncate(this.sizeBytes);
  }

  /** Throws what the disk throws. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let from = 0; from < bytes.length;) {
      const room = this.#chunkBytes - (this.sizeBytes % this.#chunkBytes);
      const some = bytes.subarray(from, from + room);
      let written = 0;
      while (written < some.length) {
        const { bytesWritten } = await this.#handle.write(
          some, written, some.length - written, this.sizeBytes + written);
        written += bytesWritten;
      }
      this.#total.update(some);
      this.#chunk.update(some);
      this.sizeBytes += some.length;
      from += some.length;
      if (this.sizeBytes % this.#chunkBytes === 0) await this.#closeChunk();
    }
  }

  async #closeChunk(): Promise<void> {
    await this.#handle.datasync();
    this.#hashes.push(this.#chunk.digest('hex'));
    this.#chunk = createHash('sha256');
    const state: State = {
      url: this.#url, etag: this.etag, chunkBytes: this.#chunkBytes, hashes: this.#hashes,
    };
    const temporary = `${stateName(this.#file)}.new`;
    await writeFile(temporary, JSON.stringify(state), { flush: true });
    await rename(temporary, stateName(this.#file));
  }

  /** From the beginning, as another file. */
  async restart(etag: string | null): Promise<void> {
    await rm(stateName(this.#file), { force: true });
    await this.#handle.truncate(0);
    this.sizeBytes = 0;
    this.etag = etag;
    this.#hashes = [];
    this.#total = createHash(this.#hashName);
    this.#chunk = createHash('sha256');
  }

  /** The hash of all that has come. */
  digest(): string {
    return this.#total.copy().digest('hex');
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** Gives it its name. */
  async finish(): Promise<void> {
    await this.#handle.sync();
    await this.#handle.close();
    await rename(partName(this.#file), this.#file);
    await syncFolder(path.dirname(this.#file));
    await rm(stateName(this.#file), { force: true });
  }

  async discard(): Promise<void> {
    await this.#handle.close();
    await discardPart(this.#file);
  }
}

export async function discardPart(file: string): Promise<void> {
  for (const name of [stateName(file), `${stateName(file)}.new`, partName(file)]) await rm(name, { force: true });
}

export const partName = (file: string): string => `${file}.part`;
const stateName = (file: string): string => `${file}.part.json`;

async function readState(file: string): Promise<State | undefined> {
  try {
    const parsed = stateSchema.safeParse(JSON.parse(await readFile(stateName(file), 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
