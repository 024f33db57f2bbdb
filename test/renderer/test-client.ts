// A studio that lives in the test: it keeps subjects, photos, looks, portraits and jobs in memory, answers through the
// real client (so that requests and answers pass the contract's schemas), and sends events when the test says so.

import { UserError } from '../../src-main/contract/errors.ts';
import { errorDataOf } from '../../src-main/contract/error-data.ts';
import { defaultStudioSettings } from '../../src-main/contract/settings.ts';
import type { StudioEvent } from '../../src-main/contract/studio.ts';
import { openClient, type StudioClient } from '../../src-renderer/ipc/client.ts';
import type { Schedule } from '../../src-renderer/state/notices.svelte.ts';
import { galleryAnswers } from './gallery-answers.ts';
import { cuda, machineReport, memoryPlan, store } from './model-nouns.ts';
import { engine, job, library, look, pack, photo, portrait, style, subject } from './nouns.ts';

type Request = Record<string, never>;
type Handler = (request: Request) => unknown;

export interface TestStudio {
  readonly client: StudioClient;
  /** Commands that were asked, in order. */
  readonly calls: { command: string; request: Record<string, unknown> }[];
  readonly handlers: Record<string, Handler>;
  emit(event: StudioEvent): void;
  connect(isConnected: boolean): void;
}

/** A studio with one subject, Ada, who has two photos, one look and two portraits. */
export function testStudio(changes: Record<string, Handler> = {}): TestStudio {
  const calls: TestStudio['calls'] = [];
  let onEvent: (event: unknown) => void = () => undefined;
  let onConnection: (isConnected: boolean) => void = () => undefined;
  const handlers = { ...plainHandlers(), ...changes };
  const client = openClient({
    call: async (command, request) => {
      calls.push({ command, request });
      try {
        return { ok: true, result: await handlers[command]!(request as Request) };
      } catch (thrown) {
        if (thrown instanceof TypeError) throw thrown;
        return { ok: false, error: errorDataOf(thrown) };
      }
    },
    subscribe: (event, connection) => {
      [onEvent, onConnection] = [event, connection];
      connection(true);
      return () => (onEvent = () => undefined);
    },
  });
  return { client, calls, handlers, emit: (event) => onEvent(event), connect: (is) => onConnection(is) };
}

const modelHandlers: Record<string, Handler> = {
  'models.list': () => store([]),
  'models.folders': () => [],
  'models.found': () => [],
  'memory.planTeaching': () => memoryPlan(),
  'memory.planPortraits': () => memoryPlan(),
  'machine.examine': () => machineReport(),
  'machine.cudaLibraries': () => cuda(),
  'styles.folder': () => ({ place: '~/styles', problems: [] }),
};

function plainHandlers(): Record<string, Handler> {
  const ada = subject();
  const shelf = { portraits: [portrait(1), portrait(2)], removed: [] };
  return {
    'studio.state': () => ({
      version: '0.1.0', engine: engine(), settings: defaultStudioSettings,
      packs: [pack()], styles: [style('pencil'), style('winter')],
    }),
    'settings.set': (change) => ({ ...defaultStudioSettings, ...(change as object) }),
    'styles.list': () => [style('pencil'), style('winter')],
    'subjects.list': () => [ada],
    'subjects.create': (request) => ({ ...subject(2), ...(request as object) }),
    'photos.list': () => [photo(1), photo(2)],
    'photos.choose': ({ photoId, userChoice }) => ({
      ...photo(1), id: photoId, userChoice, isUsed: userChoice !== 'leave-out',
    }),
    'photos.import': ({ fileName }) => ({ photo: { ...photo(3), fileName }, isNew: true }),
    'photos.chooseFace': ({ photoId, faceIndex }) => ({
      ...photo(1), id: photoId, faceIndex, isFaceChosen: faceIndex !== null,
    }),
    'library.state': () => library(),
    ...modelHandlers,
    'companions.list': () => [],
    'licenses.accept': ({ licenseId }) => ({ ...defaultStudioSettings, acceptedLicenses: [licenseId] }),
    'looks.list': () => [look()],
    'looks.teach': () => job('teach', 7),
    'looks.remove': () => ({}),
    'looks.snapshots': () => [],
    'photos.setCaption': ({ photoId, caption }) => ({ ...photo(1), id: photoId, caption }),
    'photos.setRepeats': ({ photoId, repeats }) => ({ ...photo(1), id: photoId, repeats }),
    'looks.lossHistory': () => [{ step: 1, loss: 0.5 }, { step: 2, loss: 0.4 }],
    ...galleryAnswers(() => shelf),
    'portraits.create': () => job('create', 8),
    'jobs.list': () => [],
  };
}

/** A refusal as the studio would send it. */
export function refusal(code: string): UserError {
  return new UserError(code, { what: `${code} happened.`, safe: 'All is safe.', todo: 'Try again.' });
}

/** A clock that the test winds by hand. */
export function handClock(): { schedule: Schedule; wind(ms: number): void } {
  let now = 0;
  let waiting: { action: () => void; at: number }[] = [];
  return {
    schedule: (action, afterMs) => {
      const entry = { action, at: now + afterMs };
      waiting.push(entry);
      return () => (waiting = waiting.filter((each) => each !== entry));
    },
    wind: (ms) => {
      now += ms;
      const due = waiting.filter(({ at }) => at <= now);
      waiting = waiting.filter(({ at }) => at > now);
      due.forEach(({ action }) => action());
    },
  };
}

/** Lets everything that waits for an answer go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  await new Promise((resolve) => setTimeout(resolve, 0));
}
