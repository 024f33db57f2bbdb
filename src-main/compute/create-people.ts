// Who is in the portraits of a request: the networks of each person, with their look, their face and the words that
// both looks bring. Looks that are add-ons share the base model's one pipeline, whichever are used; a taught checkpoint
// is a pipeline of its own.

import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import type { CreateRequest } from '../contract/engine-create.ts';
import type { Person, SecondPerson } from '../generation/portrait-denoiser.ts';
import type { PipelineSaving } from '../networks/memory-plan.ts';
import { type Pipeline, openPipeline } from '../networks/pipeline.ts';
import type { LookToApply } from './adapter-input.ts';
import { type FacesToDraw, instantIdFor } from './instant-faces.ts';
import type { AppliedAdapters, JoinedAdapters } from './joined-adapters.ts';
import { type LoadedPack, promptsOf } from './loaded-pack.ts';
import type { ChosenProvider } from './provider-choice.ts';
import { adaptersOn, type RequestLooks } from './read-looks.ts';

type Item = CreateRequest['items'][number];

export interface DrawingPerson extends Person {
  readonly pipeline: Pipeline;
}

export interface People {
  /** The base model's, which every request may use. */
  readonly base: Pipeline;
  first(item: Item): Promise<DrawingPerson>;
  /** Undefined where nobody else is in the portraits. */
  second(item: Item): Promise<SecondPerson | undefined>;
  /** Gives back what was opened for taught checkpoints; they open again when they are needed. */
  releaseLooks(): Promise<void>;
  release(): Promise<void>;
}

export interface PeopleOptions {
  readonly request: CreateRequest;
  readonly pack: LoadedPack;
  readonly looks: RequestLooks;
  readonly faces: FacesToDraw;
  readonly chosen: ChosenProvider;
  /** How memory is saved. */
  readonly saving?: PipelineSaving;
}

export async function openPeople(options: PeopleOptions): Promise<People> {
  const { request, pack, looks } = options;
  const base = await openNetworks(options, pack.checkpoint);
  const taught = new Map<Checkpoint, Networks>();
  const networksOf = async (look: LookToApply | undefined): Promise<Networks> => {
    if (!look || look.checkpoint === pack.checkpoint) return base;
    const networks = taught.get(look.checkpoint) ?? await openNetworks(options, look.checkpoint);
    taught.set(look.checkpoint, networks);
    return networks;
  };
  const person = async (who: Who, item: Item): Promise<DrawingPerson> => {
    const used = (each: Who) => (strengthOf(each, request, item) > 0 ? looks[each] : undefined);
    const [own, other] = [used(who), used(who === 'first' ? 'second' : 'first')];
    const { pipeline, joined } = await networksOf(own);
    const applied = joined.with(own?.adapter, strengthOf(who, request, item), other?.adapter);
    return personOn(options, who, pipeline, applied);
  };
  const releaseLooks = async (): Promise<void> => {
    for (const { pipeline } of taught.values()) await pipeline.release();
    taught.clear();
  };
  return {
    base: base.pipeline, releaseLooks,
    first: (item) => person('first', item),
    second: async (item) => (
      request.second ? { ...await person('second', item), mask: request.second.mask } : undefined),
    async release() {
      await releaseLooks();
      await base.pipeline.release();
    },
  };
}

type Who = 'first' | 'second';

function strengthOf(who: Who, { second }: CreateRequest, { adapterStrength }: Item): number {
  return who === 'first' ? adapterStrength : second?.adapterStrength ?? 0;
}

function personOn(
  options: PeopleOptions, who: Who, pipeline: Pipeline, { numbers, learnedTokens }: AppliedAdapters,
): DrawingPerson {
  const face = options.faces[who];
  return {
    pipeline, prompts: promptsOf(options.pack, learnedTokens), ...(numbers ? { adapter: numbers } : {}),
    ...(face ? { face: { ...face, inOneGraph: holdsOneGraph(options) } } : {}),
  };
}

interface Networks {
  readonly pipeline: Pipeline;
  readonly joined: JoinedAdapters;
}

async function openNetworks(
  { request, pack, looks, chosen: { provider, precision }, saving }: PeopleOptions, checkpoint: Checkpoint,
): Promise<Networks> {
  const joined = adaptersOn(checkpoint, looks);
  const instantId = await instantIdFor(request, checkpoint);
  const pipeline = openPipeline(checkpoint, {
    provider, precision, favour: pack.favour, skipLayers: request.settings.clipSkip,
    ...(joined.form ? { adapter: joined.form } : {}), ...(instantId ? { instantId } : {}),
    ...(saving ? { saving } : {}),
  });
  return { pipeline, joined };
}

/** On a GPU every session holds its weights, and two UNets of real size hardly fit. */
function holdsOneGraph({ chosen, pack }: PeopleOptions): boolean {
  return pack.favour === 'memory' && chosen.provider !== 'cpu';
}
