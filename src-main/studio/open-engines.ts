// The engine of the queue, engines beside it for work that needs no networks, and the libraries of CUDA that all of
// them are started with.

import type { DownloadPatience } from '../packs/download.ts';
import type { StudioContext } from './context.ts';
import { type EngineSettings, openEngine } from './engine-client.ts';
import { type CudaSettings, openCuda } from './open-cuda.ts';

export interface EngineFiles {
  readonly nodeFile: string;
  readonly engineFile: string;
  readonly resourcesFolder: string;
  readonly version: string;
  readonly cuda?: CudaSettings;
  readonly downloadPatience?: Partial<DownloadPatience>;
}

type Others = Pick<StudioContext, 'library' | 'modelCatalogue' | 'emit'> & Pick<EngineSettings, 'onLog'>;

export async function openEngines(
  { nodeFile, engineFile, resourcesFolder, version, cuda: settings, downloadPatience: patience }: EngineFiles,
  { library, modelCatalogue: { licenses }, emit, onLog }: Others,
): Promise<Pick<StudioContext, 'engine' | 'cuda' | 'runApart'>> {
  const files = { nodeFile, entryFile: engineFile, resourcesFolder };
  const cuda = await openCuda({
    library, licenses, program: files, settings, version, patience, engine: () => engine, emit,
  });
  const program = { ...files, onLog, environment: () => cuda.environment() };
  const engine = openEngine({ ...program, onState: (state) => emit({ type: 'engine-state', engine: state }) });
  return { cuda, engine, runApart: apart(program) };
}

function apart(program: Omit<EngineSettings, 'onState'>): StudioContext['runApart'] {
  return async (request, listeners) => {
    const engine = openEngine({ ...program, onState: () => undefined });
    try {
      return await engine.run(request, new AbortController().signal, listeners);
    } finally {
      await engine.close();
    }
  };
}
