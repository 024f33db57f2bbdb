// The process that tests of downloads kill or keep from writing: a store that fetches its one model, and says how it
// stands in the end, and why.
// Started as: killed-downloader.ts FOLDER ADDRESS BYTES SHA256

import type { BadServer } from './bad-server.ts';
import { oneModel, openTestStore } from './opened-store.ts';

const [folder, address, bytes, sha256] = process.argv.slice(2) as [string, string, string, string];
const server = { url: new URL(address), bytes: { length: Number(bytes) }, sha256 } as BadServer;
const { store } = await openTestStore(folder, server, {
  catalogue: oneModel(server),
  patience: { chunkBytes: 65_536, idleMs: 5000, tries: 3, firstWaitMs: 1, longestWaitMs: 5 },
});
await store.get('one');
const { state, download } = await store.settled('one');
process.stdout.write([state, download?.error?.code ?? ''].join(' ').trim());
await store.close();
