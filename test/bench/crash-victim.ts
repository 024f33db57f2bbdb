// The process that the crash bench kills: a whole studio on a library, with an import and a batch in its queue, always
// another round when both are done. It says on its standard output what it has promised, a line each.
// Started as: crash-victim.ts LIBRARY PHOTOS PACK PORTRAITS ROUNDS

import { openRealStudio } from '../studio/real-studio.ts';

const [libraryFolder, photos, packFolder, portraits, rounds] = process.argv.slice(2) as [
  string, string, string, string, string];
const hasBatch = portraits !== '0';
const say = (...words: readonly string[]): void => void process.stdout.write(`${words.join(' ')}\n`);

// without a batch an engine that ends at once does for the search for faces, which fails
const studio = await openRealStudio(libraryFolder, { nodeFile: hasBatch ? process.execPath : '/bin/true' });
studio.subscribe((event) => {
  if (event.type === 'photo-added') say('photo', event.photo.id);
  if (event.type === 'portrait-added') say('portrait', event.portrait.id, event.portrait.jobId);
  if (event.type === 'engine-state' && event.engine.state === 'busy') say('engine', String(studio.engine.processId()));
  if (event.type !== 'job-changed') return;
  const { id, kind, state } = event.job;
  // nobody is in these photos, and to look for somebody is no part of this
  if (kind === 'analyze' && state === 'waiting') void studio.run('jobs.cancel', { jobId: id });
  if (state === 'done') say('done', id);
  if (state === 'failed' && kind !== 'analyze') say('failed', id, event.job.error?.code ?? '');
});
say('ready');
// killed three times before it got on: its user would try again
for (const { id, error } of await studio.run('jobs.list', {})) {
  if (error?.code !== 'jobs.interrupted') continue;
  await studio.run('jobs.retry', { jobId: id });
  say('again', id);
}

const pack = await studio.packs.add(packFolder);

async function begin(): Promise<void> {
  const { id } = await studio.run('subjects.create', { name: 'Ada', hasConsent: true });
  await studio.queueImport(id, [photos]);
  if (!hasBatch) return;
  await studio.run('portraits.create', {
    subjectId: id, packId: pack.id, adapterId: null, prompts: ['a hat'], count: Number(portraits), seed: 1,
    settings: { widthPx: 64, heightPx: 64, samplingSteps: 1 },
  });
}

for (;;) {
  const jobs = await studio.run('jobs.list', {});
  for (const job of jobs) await studio.settled(job.id);
  if (jobs.filter(({ kind }) => kind === (hasBatch ? 'create' : 'import')).length >= Number(rounds)) break;
  await begin();
}
say('finished');
await studio.close();
