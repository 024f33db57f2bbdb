// What every service of the studio works with: the library, the queue, the engine, what comes with Likeness,
// and a way to tell the page that something changed.

import type { EngineResult, NewEngineRequest } from '../contract/engine.ts';
import type { CommandName, CommandResponse, ParsedRequest, StudioEvent } from '../contract/studio.ts';
import type { PortraitStyle } from '../generation/styles.ts';
import type { Queue } from '../jobs/queue.ts';
import type { Library } from '../library/library.ts';
import type { ModelCatalogue } from '../packs/catalogue.ts';
import type { Companions } from '../packs/companions.ts';
import type { ModelFolders } from '../packs/model-folders.ts';
import type { ModelStore } from '../packs/model-store-port.ts';
import type { PackShelf } from '../packs/pack-shelf.ts';
import type { StyleShelf } from '../packs/style-shelf.ts';
import type { CudaService } from './cuda-service.ts';
import type { Engine, EngineListeners } from './engine-client.ts';
import type { TokenizerOf } from './kept-tokenizer.ts';

export interface StudioContext {
  readonly library: Library;
  readonly queue: Queue;
  readonly engine: Engine;
  readonly packs: PackShelf;
  /** Networks beside the packs: face engines, InstantID, LCM-LoRA. */
  readonly companions: Companions;
  /** Folders of the user's own models. */
  readonly modelFolders: ModelFolders;
  /** What can be fetched, and what was. */
  readonly modelCatalogue: ModelCatalogue;
  readonly models: ModelStore;
  /** CUDA's libraries on this machine, and how they are fetched. */
  readonly cuda: CudaService;
  /** As they are now: those that come with Likeness and the user's own. */
  readonly styles: readonly PortraitStyle[];
  readonly styleShelf: StyleShelf;
  /** Version of Likeness, for the page and for what is written into files. */
  readonly version: string;
  /** Of a checkpoint, or CLIP's where it has none or none is named; read when it is first asked for. */
  readonly tokenizer: TokenizerOf;
  emit(event: StudioEvent): void;
  /** Runs a request in an engine of its own, beside whatever the other one does; for work that needs no networks. */
  runApart(request: NewEngineRequest, listeners?: EngineListeners): Promise<EngineResult>;
}

/** One command's work: a parsed request in, its answer out; throws a UserError. */
export type Handler<N extends CommandName> = (
  request: ParsedRequest<N>,
) => Promise<CommandResponse<N>> | CommandResponse<N>;

export type Handlers<N extends CommandName = CommandName> = { readonly [K in N]: Handler<K> };
