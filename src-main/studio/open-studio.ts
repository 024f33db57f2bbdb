// The studio: the application's services behind one table of commands, the same for the desktop app, the command
// line and the browser host. It owns the library, the queue and the engine, and ends them when it is closed.

import { totalmem } from 'node:os';
import path from 'node:path';
import { errorDataOf } from '../contract/error-data.ts';
import { UserError } from '../contract/errors.ts';
import type { JobId, SubjectId } from '../contract/ids.ts';
import type { Job } from '../contract/work.ts';
import {
  type Answer, type CommandName, type CommandRequest, type CommandResponse, type StudioEvent, commands,
} from '../contract/studio.ts';
import type { PortraitStyle } from '../generation/styles.ts';
import { type JobRunner, type RunControl, openQueue } from '../jobs/queue.ts';
import type { JobRecord } from '../library/jobs.ts';
import { type Library, openLibrary } from '../library/library.ts';
import { type ModelCatalogue, readModelCatalogue } from '../packs/catalogue.ts';
import { type CompanionCatalogue, readCatalogue } from '../packs/companion-catalogue.ts';
import type { DownloadPatience } from '../packs/download.ts';
import type { ModelStore } from '../packs/model-store-port.ts';
import { type Companions, openCompanions } from '../packs/companions.ts';
import type { ModelFolders } from '../packs/model-folders.ts';
import { type PackShelf, openPackShelf } from '../packs/pack-shelf.ts';
import { type StyleShelf, openStyleShelf } from '../packs/style-shelf.ts';
import { stylesFor } from '../packs/styles.ts';
import { againCommands } from './again.ts';
import { companionCommands, packViews } from './companions.ts';
import type { CudaService } from './cuda-service.ts';
import type { Handlers, StudioContext } from './context.ts';
import type { Engine } from './engine-client.ts';
import { goingOn } from './engine-restarts.ts';
import { clearWorkFolders } from './engine-work.ts';
import { type ProgressBoard, jobCommands, openProgressBoard } from './jobs.ts';
import { foundModelCommands, openFolders } from './found-models.ts';
import { galleryCommands } from './gallery.ts';
import { keepLibrary } from './keep-library.ts';
import { libraryCommands } from './library-commands.ts';
import { lookCommands } from './looks.ts';
import { type ExportedMedia, type Media, type PictureKind, openExport, openMedia } from './media.ts';
import { machineCommands } from './machine.ts';
import { memoryCommands, openMemoryPlanner } from './memory.ts';
import { type CudaSettings, cudaCommands } from './open-cuda.ts';
import { openEngines } from './open-engines.ts';
import { modelCommands, openStore, setModelStore } from './models.ts';
import { photoCommands, queueUnseenPhotos } from './photos.ts';
import { queueImport, runImport } from './run-import.ts';
import { keptTokenizer } from './kept-tokenizer.ts';
import { planCommands } from './plan.ts';
import { portraitCommands } from './portraits.ts';
import { recipeCommands } from './recipe.ts';
import { clearEndedRuns } from './run-folders.ts';
import { runAnalyze } from './run-analyze.ts';
import { runCreate } from './run-create.ts';
import { runTeach } from './run-teach.ts';
import { runExport } from './run-export.ts';
import { savingCommands } from './saving.ts';
import { styleCommands, watchStyles } from './styles.ts';
import { subjectCommands } from './subjects.ts';

export interface StudioSettings {
  /** Made when it is new. */
  readonly libraryFolder: string;
  /** Where packs, styles and the like lie. */
  readonly resourcesFolder: string;
  /** A plain Node 24 binary for the engine. */
  readonly nodeFile: string;
  /** compute/engine.ts, or what it was bundled to. */
  readonly engineFile: string;
  readonly version: string;
  /** The networks that may stand beside base models; resources/packs/companions.json unless told. */
  readonly companionCatalogue?: CompanionCatalogue;
  /** The models that can be fetched; resources/packs/catalogue.json unless told. */
  readonly modelCatalogue?: ModelCatalogue;
  /** Where CUDA's libraries are kept; beside the library unless told. */
  readonly cuda?: CudaSettings;
  /** How long downloads wait for servers, where not as usual. */
  readonly downloadPatience?: Partial<DownloadPatience>;
  /** Starts nothing of the queue, for those that only look at the library; false unless told. */
  readonly isIdle?: boolean;
  /** Lines for a log: what the engine's libraries write, stack traces of our own mistakes. */
  readonly onLog?: (line: string) => void;
}

export interface Studio {
  readonly version: string;
  readonly library: Library;
  readonly packs: PackShelf;
  readonly companions: Companions;
  readonly modelFolders: ModelFolders;
  readonly models: ModelStore;
  readonly cuda: CudaService;
  readonly styles: readonly PortraitStyle[];
  readonly styleShelf: StyleShelf;
  readonly engine: Engine;
  /** As StudioContext has it. */
  readonly runApart: StudioContext['runApart'];
  /** Runs a command; throws a UserError. */
  run<N extends CommandName>(command: N, request: CommandRequest<N>): Promise<CommandResponse<N>>;
  /** The same for what comes from another process: parses the request, answers with data, never throws. */
  call(command: string, request: unknown): Promise<Answer>;
  /** Returns what ends the subscription. */
  subscribe(listener: (event: StudioEvent) => void): () => void;
  /** Brings in files, and the pictures in folders, as a job; for callers in this process, which know paths. */
  queueImport(subjectId: SubjectId, paths: readonly string[]): Promise<Job>;
  /** Keeps downloads in another folder from now on; for callers in this process, which know paths. */
  setModelStore(folder: string): Promise<void>;
  openMedia(kind: PictureKind, id: string): Promise<Media | undefined>;
  /** The file behind media/export/<id>. */
  openExport(id: string): ExportedMedia | undefined;
  /** The job once it is done, failed or cancelled. */
  settled(id: JobId): Promise<Job>;
  close(): Promise<void>;
}

type Runner = (
  context: StudioContext, board: ProgressBoard, job: JobRecord, control: RunControl,
) => ReturnType<JobRunner>;

/** Opens the library and starts on what waits in its queue. Throws library.in-use, library.broken and the like. */
export async function openStudio(settings: StudioSettings): Promise<Studio> {
  const { libraryFolder, resourcesFolder, version, onLog = () => undefined, isIdle = false } = settings;
  const library = await openLibrary(libraryFolder);
  await clearWorkFolders(libraryFolder);
  await clearEndedRuns(library);
  const packs = await openPackShelf(resourcesFolder, library.checkpoints);
  const companions = await companionsOf(library, settings);
  const listeners = new Set<(event: StudioEvent) => void>();
  const emit = (event: StudioEvent): void => listeners.forEach((listen) => listen(event));
  // all that is waited for comes before the queue, which starts to work as soon as it is open
  const styleShelf = await openStyleShelf(resourcesFolder, path.join(libraryFolder, 'styles'));
  const modelFolders = await openFolders({ library, packs, companions, emit });
  const modelCatalogue = settings.modelCatalogue ?? await readModelCatalogue(resourcesFolder);
  const engines = await openEngines(settings, { library, modelCatalogue, emit, onLog });
  const models = openStore({
    library, packs, companions, modelFolders, version, emit, catalogue: modelCatalogue,
    ...(settings.downloadPatience ? { patience: settings.downloadPatience } : {}),
  });
  // fetched models are known also to those that only look at the library
  await models.start(!isIdle);
  if (!isIdle) await engines.cuda.start();
  const parts = {
    ...engines, library, packs, companions, modelFolders, models, modelCatalogue, version, styleShelf,
    tokenizer: keptTokenizer(resourcesFolder),
  };
  const board = openProgressBoard(emit);
  const runners = runnersFor(library, board, () => context);
  const queue = openQueue({ library, onChange: board.changed, runners, isIdle });
  const context: StudioContext = { ...parts, queue, emit, get styles() { return styleShelf.list(); } };
  queueUnseenPhotos(context);
  return studioOver(context, board, { listeners, onLog, isIdle });
}

function runnersFor(
  { jobs }: Library, board: ProgressBoard, context: () => StudioContext,
): Readonly<Record<Job['kind'], JobRunner>> {
  const runner = (work: Runner): JobRunner =>
    goingOn((job, control) => work(context(), board, job, control), jobs, board);
  return {
    import: runner(runImport), analyze: runner(runAnalyze), teach: runner(runTeach), create: runner(runCreate),
    export: runner(runExport),
  };
}

interface Outside {
  readonly listeners: Set<(event: StudioEvent) => void>;
  readonly onLog: (line: string) => void;
  readonly isIdle: boolean;
}

function studioOver(context: StudioContext, board: ProgressBoard, { listeners, onLog, isIdle }: Outside): Studio {
  const { library, engine, queue, emit, styleShelf } = context;
  const handlers = commandHandlers(context, board);
  const keeper = isIdle ? undefined : keepLibrary(context, onLog);
  // in the background: what changed while Likeness was closed
  if (!isIdle) void context.modelFolders.rescan(null).catch((error: unknown) => onLog(String(error)));
  const endWatch = watchStyles(styleShelf, () => emit({ type: 'styles-changed' }));
  return {
    library, engine, styleShelf, packs: context.packs, companions: context.companions, version: context.version,
    modelFolders: context.modelFolders, models: context.models, cuda: context.cuda, runApart: context.runApart,
    get styles() { return styleShelf.list(); },
    run: (command, request) => runCommand(handlers, command, request),
    call: (command, request) => answerCall(handlers, onLog, command, request),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    queueImport: (subjectId, paths) => queueImport(context, board, subjectId, paths),
    setModelStore: (folder) => setModelStore(context, folder),
    openMedia: (kind, id) => openMedia(context, kind, id),
    openExport: (id) => openExport(context, id),
    settled: async (id) => board.view(await queue.settled(id)),
    async close() {
      endWatch();
      await Promise.all([context.models.close(), context.cuda.close()]);
      await context.modelFolders.close();
      await keeper?.close();
      await queue.close();
      await engine.close();
      library.close();
    },
  };
}

async function companionsOf(
  library: Library, { companionCatalogue, resourcesFolder }: StudioSettings,
): Promise<Companions> {
  return await openCompanions({
    catalogue: companionCatalogue ?? await readCatalogue(resourcesFolder), memory: library.companions,
    acceptedLicenses: () => library.settings.get().acceptedLicenses,
  });
}

function commandHandlers(context: StudioContext, board: ProgressBoard): Handlers {
  const { companions, engine, library, packs, version } = context;
  const memory = openMemoryPlanner(context);
  return {
    'studio.state': () => {
      const settings = library.settings.get();
      const shownStyles = stylesFor(context.styles, packs.list()[0], settings.language);
      return {
        version, engine: engine.state(), settings, packs: packViews(context), styles: shownStyles,
        faceEngines: companions.engines(), isQueuePaused: context.queue.isPaused(),
        memoryBytes: totalmem(),
      };
    },
    ...companionCommands(context),
    ...foundModelCommands(context),
    ...subjectCommands(context),
    ...photoCommands(context),
    ...lookCommands(context, board, memory),
    ...portraitCommands(context, board, memory),
    ...againCommands(context, board, memory),
    ...planCommands(context),
    ...galleryCommands(context),
    ...recipeCommands(context),
    ...jobCommands(context, board),
    ...libraryCommands(context),
    ...styleCommands(context),
    ...machineCommands(context),
    ...cudaCommands(context),
    ...modelCommands(context),
    ...memoryCommands(context, memory),
    ...savingCommands(context, board),
  };
}

async function runCommand<N extends CommandName>(
  handlers: Handlers, command: N, request: unknown,
): Promise<CommandResponse<N>> {
  const parsed = commands[command].request.safeParse(request);
  if (!parsed.success) {
    throw misunderstood(command, parsed.error.issues.map((issue) => issue.path.join('.')).join(', '));
  }
  const result = await handlers[command](parsed.data as never);
  // parsing keeps what the library knows beyond the contract (names of files in the store) from leaving the process
  return commands[command].response.parse(result) as CommandResponse<N>;
}

async function answerCall(
  handlers: Handlers, onLog: (line: string) => void, command: string, request: unknown,
): Promise<Answer> {
  try {
    if (!Object.hasOwn(commands, command)) throw misunderstood(command, 'no such command');
    return { ok: true, result: await runCommand(handlers, command as CommandName, request) };
  } catch (error) {
    const data = errorDataOf(error);
    if (data.code === 'likeness.bug') onLog(error instanceof Error ? error.stack ?? error.message : String(error));
    return { ok: false, error: data };
  }
}

function misunderstood(command: string, where: string): UserError {
  return new UserError('studio.request-misunderstood', {
    what: `The request "${command}" could not be read (${where}).`,
    safe: 'Nothing was changed.',
    todo: 'Reload the page; if it happens again, page and studio are of different versions.',
  }, { command });
}
