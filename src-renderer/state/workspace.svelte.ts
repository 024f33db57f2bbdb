// The whole page's state, put together once and handed down by context: the parts, the events that feed them,
// and the few acts that touch several parts at once.

import type { AdapterId, JobId, PhotoId, PortraitId, SubjectId } from '../../src-main/contract/ids.ts';
import type { Photo, Portrait } from '../../src-main/contract/nouns.ts';
import type { Job } from '../../src-main/contract/work.ts';
import type { StudioEvent } from '../../src-main/contract/studio.ts';
import type { StudioClient } from '../ipc/client.ts';
import type { DesktopClient } from '../ipc/desktop.ts';
import { jobTitle, languages } from '../strings/words.ts';
import { BatchPlan } from './batch-plan.svelte.ts';
import { startCreating, useLook, useSettings } from './create-acts.ts';
import { Comparison } from './comparison.svelte.ts';
import { Create } from './create.svelte.ts';
import { removePortraits } from './gallery-acts.ts';
import { Gallery } from './gallery.svelte.ts';
import { importPhotos } from './import-acts.ts';
import type { JobAct } from './job-acts.ts';
import { isEnded, Jobs } from './jobs.svelte.ts';
import { Library } from './library.svelte.ts';
import { continueLook, removeLook } from './look-acts.ts';
import { Looks } from './looks.svelte.ts';
import { Machine } from './machine.svelte.ts';
import { isTeachingTooLarge } from './memory-acts.ts';
import { MemoryPlans } from './memory-plans.svelte.ts';
import { takeDesktopEvent } from './menu-actions.ts';
import { Catalogue } from './models-catalogue.svelte.ts';
import { FoundModels } from './models-found.svelte.ts';
import { Models } from './models.svelte.ts';
import { Notices, scheduleByClock, type Schedule } from './notices.svelte.ts';
import { choosePhoto } from './photo-edits.ts';
import { oppositeChoice, Photos, type PhotoFile } from './photos.svelte.ts';
import { PortraitSaving } from './portrait-saving.svelte.ts';
import { Portraits } from './portraits.svelte.ts';
import { Readings } from './readings.ts';
import { RunLog } from './run-log.svelte.ts';
import { Snapshots } from './snapshots.svelte.ts';
import { Studio } from './studio.svelte.ts';
import { Styles } from './styles.svelte.ts';
import { addSubject, type NewSubject, removeSubject } from './subject-acts.ts';
import { Subjects } from './subjects.svelte.ts';
import { takeEvent } from './take-event.ts';
import { Teach } from './teach.svelte.ts';
import { isSubjectPage, View } from './view.svelte.ts';

export interface WorkspaceOptions {
  /** The desktop's bridge; left out in a browser. */
  readonly desktop?: DesktopClient | null;
  readonly windowWidthPx?: number;
  readonly schedule?: Schedule;
}

export class Workspace {
  readonly client: StudioClient;
  readonly studio: Studio;
  readonly subjects: Subjects;
  readonly photos: Photos;
  readonly looks: Looks;
  readonly portraits: Portraits;
  readonly gallery: Gallery;
  readonly comparison: Comparison;
  readonly saving: PortraitSaving;
  readonly jobs: Jobs;
  readonly snapshots: Snapshots;
  readonly runLog: RunLog;
  readonly teach: Teach;
  readonly create: Create;
  readonly plan: BatchPlan;
  readonly styles: Styles;
  readonly models: Models;
  readonly catalogue: Catalogue;
  readonly found: FoundModels;
  readonly machine: Machine;
  readonly memory: MemoryPlans;
  readonly library: Library;
  readonly notices: Notices;
  readonly view: View;
  readonly desktop: DesktopClient | null;
  #hasGuessedLanguage = false;
  readonly #readings = new Readings((event) => takeEvent(this, event));

  constructor(client: StudioClient, options: WorkspaceOptions = {}) {
    const { windowWidthPx, schedule = scheduleByClock, desktop = null } = options;
    this.client = client;
    this.desktop = desktop;
    this.studio = new Studio(client);
    this.subjects = new Subjects(client);
    this.photos = new Photos(client);
    this.looks = new Looks(client, schedule);
    this.gallery = new Gallery(client, schedule, (thrown) => this.notices.report(thrown));
    this.portraits = new Portraits(client, this.gallery);
    this.comparison = new Comparison();
    this.saving = new PortraitSaving(client);
    this.runLog = new RunLog();
    this.jobs = new Jobs(client, (before, after) => this.runLog.observe(before, after));
    this.snapshots = new Snapshots(client);
    this.teach = new Teach(client);
    this.create = new Create(client);
    this.plan = new BatchPlan(client, schedule);
    this.styles = new Styles(client);
    this.models = new Models(client, this.studio);
    this.catalogue = new Catalogue(client);
    this.found = new FoundModels(client);
    this.machine = new Machine(client);
    this.memory = new MemoryPlans(client, schedule);
    this.library = new Library(client);
    this.notices = new Notices(schedule);
    this.view = new View(windowWidthPx);
  }

  get words() {
    return languages[this.studio.settings.language];
  }

  get language(): string {
    return this.studio.settings.language;
  }

  titleOf(job: Job): string {
    return jobTitle(job, this.subjects.list.find(({ id }) => id === job.subjectId)?.name, this.words);
  }

  /**
   * Listens to the studio and reads everything once events arrive, at the start as after a lost connection: what was
   * read before may have missed some. Gives back what stops listening.
   */
  start(): () => void {
    let wasTried = false;
    const endDesktop = this.desktop?.subscribe((event) => takeDesktopEvent(this, event));
    const endStudio = this.client.subscribe((event) => this.receive(event), (isConnected) => {
      this.studio.isConnected = isConnected;
      // without a connection it is tried once all the same, so that the page says what is wrong
      if (isConnected || !wasTried) void this.notices.attempt(() => this.load());
      wasTried = true;
    });
    return () => {
      endDesktop?.();
      endStudio();
    };
  }

  async load(): Promise<void> {
    await this.#readings.read(async () => {
      this.jobs.isQueuePaused = await this.studio.load();
      this.teach.setPacks(this.studio.packs);
      await Promise.all([this.subjects.load(), this.jobs.load(), this.models.load()]);
      if (this.subjects.currentId) await this.#loadSubject(this.subjects.currentId);
      await this.gallery.refresh();
      const { front } = this.jobs;
      if (front?.kind === 'teach') await this.#loadRun(front.id);
    });
    // nobody waits for these: the library's size takes a while to count, and downloads go on by themselves
    void this.notices.attempt(() => this.library.load());
    void this.notices.attempt(() => this.catalogue.load());
    if (this.found.isLoaded) void this.notices.attempt(() => this.found.load());
  }

  async selectSubject(subjectId: SubjectId): Promise<void> {
    if (this.subjects.currentId !== subjectId) {
      this.subjects.currentId = subjectId;
      this.view.clearSelection();
      this.create.changeSubject();
      this.teach.changeSubject();
    }
    if (!isSubjectPage(this.view.page)) this.view.go('photos');
    await this.loadCurrent();
  }

  /** Adds a subject and the photos chosen for it, and opens it. Answers false when the studio refused. */
  addSubject(added: NewSubject, files: readonly PhotoFile[], onAdded?: () => void): Promise<boolean> {
    return addSubject(this, added, files, onAdded);
  }

  removeSubject(subjectId: SubjectId, keepPortraits = false): Promise<void> {
    return removeSubject(this, subjectId, keepPortraits);
  }

  importPhotos(files: readonly PhotoFile[]): Promise<void> {
    return importPhotos(this, files);
  }

  /** Reads what belongs to the subject on the page. */
  async loadCurrent(): Promise<void> {
    const { currentId } = this.subjects;
    if (currentId) await this.notices.attempt(() => this.#readings.read(() => this.#loadSubject(currentId)));
  }

  /** Sets the user's choice for a photo; can be undone. */
  async choosePhoto(photoId: PhotoId, userChoice: Photo['userChoice']): Promise<void> {
    await choosePhoto(this, photoId, userChoice);
  }

  async togglePhoto(photoId: PhotoId): Promise<void> {
    const photo = this.photos.find(photoId);
    if (photo) await this.choosePhoto(photoId, oppositeChoice(photo));
  }

  /** Opens Teach with its form, for a new look. */
  planTeaching(): void {
    this.teach.isPlanning = true;
    this.view.go('teach');
  }

  async startTeaching(): Promise<void> {
    const subject = this.subjects.current;
    if (!subject || this.teach.obstacle(this.photos.list, subject.hasConsent) || isTeachingTooLarge(this)) return;
    const job = await this.notices.attempt(() => this.teach.start(subject.id, this.photos.list));
    if (job) this.jobs.add(job);
  }

  /** Asks something of a job. What is cancelled can be taken up again while the studio stays open. */
  async askJob(job: Job, act: JobAct): Promise<void> {
    await this.notices.attempt(async () => {
      await this.jobs.act(job.id, act);
      if (act !== 'cancel' || job.kind === 'analyze') return;
      this.notices.offerUndo(this.words.queue.cancelled(this.titleOf(job)), () => this.jobs.act(job.id, 'retry'));
    });
  }

  startCreating(): Promise<void> {
    return startCreating(this);
  }

  /** Opens Create with this look chosen, or for portraits without teaching. */
  useLook(adapterId: AdapterId | null): void {
    useLook(this, adapterId);
  }

  /** Opens Create with everything this portrait was drawn with. */
  useSettings(portrait: Portrait): void {
    useSettings(this, portrait);
  }

  /** Opens Teach with a run planned that goes on from this look. */
  continueLook(adapterId: AdapterId): void {
    continueLook(this, adapterId);
  }

  removeLook(adapterId: AdapterId): void {
    removeLook(this, adapterId);
  }

  /** Moves portraits to the trash; `next` is what the large view shows in the place of one that it showed. */
  removePortraits(portraitIds: PortraitId[], next: PortraitId | null = null): Promise<void> {
    return removePortraits(this, portraitIds, next);
  }

  /** Before anybody has chosen a language, the page speaks the system's where it can. */
  async speakSystemLanguage(systemLanguage: string): Promise<void> {
    const isGuess = !this.#hasGuessedLanguage && /^zh\b/i.test(systemLanguage) && this.language === 'en';
    this.#hasGuessedLanguage = true;
    if (isGuess) await this.notices.attempt(() => this.studio.change({ language: 'zh-Hans' }));
  }

  async undo(): Promise<void> {
    const { undone, nothingToUndo } = this.words.notices;
    this.notices.say((await this.notices.undoLatest()) ? undone : nothingToUndo);
  }

  /** Takes in an event of the studio. */
  receive(event: StudioEvent): void {
    this.#readings.take(event);
  }

  /** Reads the curves of a job that was running or done before the page was opened. */
  async showRun(jobId: JobId): Promise<void> {
    await this.notices.attempt(() => this.#readings.read(() => this.#loadRun(jobId)));
  }

  /** Reads the snapshots of a look's run, for a cover where it has no portrait yet. */
  async showSnapshots(jobId: JobId): Promise<void> {
    await this.notices.attempt(() => this.#readings.read(() => this.snapshots.load(jobId)));
  }

  async #loadRun(jobId: JobId): Promise<void> {
    await Promise.all([this.jobs.loadLosses(jobId), this.snapshots.load(jobId)]);
  }

  async #loadSubject(subjectId: SubjectId): Promise<void> {
    await Promise.all([
      this.photos.load(subjectId), this.looks.load(subjectId), this.portraits.load(subjectId),
    ]);
    this.create.suggest(this.looks.list, this.studio.packs);
    const teaching = this.jobs.teaching(subjectId);
    if (teaching && !isEnded(teaching)) await this.#loadRun(teaching.id);
    const drawing = this.jobs.latest(subjectId, 'create');
    if (drawing && !isEnded(drawing)) this.create.jobId ??= drawing.id;
    if (this.create.jobId) await this.portraits.loadJob(this.create.jobId);
  }
}
