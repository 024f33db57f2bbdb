// The page, built once for all test files of a run: building takes longer than most tests. What is built is kept under
// node_modules/.cache by what its sources are, so that a test never sees an old one; each file gets a copy of its own.

import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'vite';

const root = path.join(import.meta.dirname, '../..');
const cache = path.join(root, 'node_modules', '.cache', 'likeness-page');
const sources = ['src-renderer', 'src-main/contract', 'vite.config.ts', 'package-lock.json'];
/** Whoever builds longer than this is gone. */
const patienceMs = 240_000;

/** A folder with the page as its sources are now; the caller removes it. */
export async function copyOfBuiltPage(): Promise<string> {
  const built = path.join(cache, sourceHash());
  await mkdir(cache, { recursive: true });
  while (!(await isThere(built))) await buildOrWait(built);
  const folder = await mkdtemp(path.join(tmpdir(), 'likeness-page-'));
  await cp(built, folder, { recursive: true });
  return folder;
}

/** Builds the page where nobody else does; else waits a little. */
async function buildOrWait(built: string): Promise<void> {
  const lock = `${built}.lock`;
  const isOurs = await mkdir(lock).then(() => true, () => false);
  if (!isOurs) {
    await sleep(250);
    const since = (await stat(lock).catch(() => undefined))?.mtimeMs ?? Date.now();
    if (Date.now() - since > patienceMs) await rm(lock, { recursive: true, force: true });
    return;
  }
  try {
    await removeOthers(built);
    const configFile = path.join(root, 'vite.config.ts');
    await build({ configFile, logLevel: 'error', build: { outDir: `${built}.part`, emptyOutDir: true } });
    await rename(`${built}.part`, built);
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

async function removeOthers(built: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const isOld = !name.startsWith(path.basename(built)) && !name.endsWith('.lock');
    if (isOld) await rm(path.join(cache, name), { recursive: true, force: true });
  }
}

function sourceHash(): string {
  const hash = createHash('sha256');
  const add = (file: string): void => {
    const status = statSync(path.join(root, file));
    if (status.isDirectory()) for (const name of readdirSync(path.join(root, file)).sort()) add(path.join(file, name));
    else hash.update(`${file} ${status.size} ${status.mtimeMs}\n`);
  };
  for (const source of sources) add(source);
  return hash.digest('hex').slice(0, 32);
}

async function isThere(folder: string): Promise<boolean> {
  return (await stat(folder).catch(() => undefined))?.isDirectory() === true;
}
