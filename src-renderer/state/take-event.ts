// What each event of the studio changes on the page.

import type { CatalogueEntry } from '../../src-main/contract/models.ts';
import type { Look, Pack, Portrait } from '../../src-main/contract/nouns.ts';
import type { StudioEvent } from '../../src-main/contract/studio.ts';
import type { Job } from '../../src-main/contract/work.ts';
import { entryName } from '../strings/catalogue-words.ts';
import { tellImport } from './import-acts.ts';
import { isEnded } from './jobs.svelte.ts';
import { takeSaved } from './saving-acts.ts';
import type { Workspace } from './workspace.svelte.ts';

/** Hands an event of the studio to the parts of the page that it concerns. */
export function takeEvent(workspace: Workspace, event: StudioEvent): void {
  const { subjects, photos, looks, portraits, jobs, runLog, snapshots, studio, library } = workspace;
  workspace.gallery.take(event);
  switch (event.type) {
    case 'subject-changed': return subjects.upsert(event.subject);
    case 'subject-removed': return subjects.drop(event.subjectId);
    case 'photo-added':
    case 'photo-changed': return photos.upsert(event.photo);
    case 'look-added': return takeLook(workspace, event.look);
    case 'look-removed': return looks.drop(event.adapterId);
    case 'portrait-added': return takePortrait(workspace, event.portrait);
    case 'portrait-changed': return portraits.change(event.portrait);
    case 'portrait-removed': return portraits.drop(event.portraitId);
    case 'job-changed': return takeJob(workspace, event.job);
    case 'job-removed': return jobs.drop(event.jobId);
    case 'queue-state': return void (jobs.isQueuePaused = event.isPaused);
    case 'library-state': return library.take(event.library);
    case 'job-progress': return jobs.takeProgress(event.jobId, event.progress, event.lossPoints);
    case 'job-note': return runLog.note(event.jobId, event.sentence);
    case 'snapshot-added': return snapshots.take(event.snapshot);
    case 'styles-changed': return readStyles(workspace);
    case 'model-changed': return takeModel(workspace, event.model);
    case 'model-folders': return void workspace.notices.attempt(() => workspace.found.takeFolders(event.folders));
    case 'packs-changed': return takePacks(workspace, event.packs);
    case 'cuda-libraries': return workspace.machine.takeCuda(event.libraries);
    case 'engine-state': studio.engine = event.engine;
  }
}

/** A download that has come to its end is told, and what the studio can do with it is read. */
function takeModel(workspace: Workspace, model: CatalogueEntry): void {
  const { catalogue, models, notices, studio, words } = workspace;
  const wasComing = (catalogue.find(model.id)?.download ?? null) !== null;
  catalogue.take(model);
  if (!wasComing || model.state !== 'installed' || model.download) return;
  notices.say(words.downloads.arrived(entryName(model, words)));
  void notices.attempt(() => Promise.all([catalogue.load(), studio.load(), models.load()]));
}

/** What instant portraits need is read again with the packs: a model that came may have been just that. */
function takePacks({ studio, teach, models, notices }: Workspace, packs: readonly Pack[]): void {
  studio.packs = [...packs];
  teach.setPacks(studio.packs);
  void notices.attempt(() => models.load());
}

/** Styles are read again where they have been read, and their names and pictures for the whole page. */
function readStyles({ notices, studio, styles }: Workspace): void {
  void notices.attempt(async () => {
    studio.styles = [...await styles.load()];
    if (styles.folder) await styles.loadFolder();
  });
}

function takeJob(workspace: Workspace, job: Job): void {
  const before = workspace.jobs.find(job.id) ?? undefined;
  workspace.jobs.upsert(job);
  tellImport(workspace, before, job);
  void takeSaved(workspace, job);
  // a batch is done: how many portraits its person has is another number now
  if (job.kind === 'create' && before && !isEnded(before) && isEnded(job)) {
    void workspace.notices.attempt(() => workspace.subjects.load());
  }
}

function takeLook({ looks, subjects, create, studio }: Workspace, look: Look): void {
  looks.upsert(look);
  if (look.subjectId === subjects.currentId) create.suggest([look], studio.packs);
}

function takePortrait({ portraits, jobs }: Workspace, portrait: Portrait): void {
  portraits.upsert(portrait);
  jobs.countItem(portrait.jobId, portraits.ofJob(portrait.jobId).length);
}
