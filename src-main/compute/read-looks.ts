// The looks and add-ons of a request, read from their files for its base model, and all that one model is told of.

import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import type { CreateRequest } from '../contract/engine-create.ts';
import { type LookToApply, readAdapter, readLook } from './adapter-input.ts';
import { type AlwaysOn, joinAdapters, type JoinedAdapters } from './joined-adapters.ts';

/** The looks of a request, read for its base model. */
export interface RequestLooks {
  readonly first?: LookToApply;
  readonly second?: LookToApply;
  /** The LCM-LoRA, and LoRAs and embeddings of the user's own. */
  readonly always: readonly AlwaysOn[];
}

/** The part of a request that says which looks and add-ons it draws with. */
export type LooksToRead = Pick<CreateRequest, 'adapter' | 'fastAdapterFile' | 'addOns'> & {
  readonly settings: Pick<CreateRequest['settings'], 'fast'>;
  readonly second: Pick<NonNullable<CreateRequest['second']>, 'adapter'> | null;
};

/** Reads the looks of a request; throws what the readers of their kinds throw of one that does not fit the model. */
export async function readLooks(request: LooksToRead, checkpoint: Checkpoint): Promise<RequestLooks> {
  const { adapter, second, settings, fastAdapterFile } = request;
  const first = adapter ? await readLook(adapter, checkpoint) : undefined;
  // one taught checkpoint for both is one pipeline
  const isSame = adapter?.method === 'dreambooth' && second?.adapter?.file === adapter.file;
  const other = isSame ? first : second?.adapter ? await readLook(second.adapter, checkpoint) : undefined;
  const always: AlwaysOn[] = [];
  if (settings.fast && fastAdapterFile !== null) {
    const adapter = await readAdapter({ method: 'lora', file: fastAdapterFile, word: '' }, checkpoint);
    always.push({ adapter, strength: 1 });
  }
  for (const addOn of request.addOns) always.push(await readAddOn(addOn, checkpoint));
  return { ...(first ? { first } : {}), ...(other ? { second: other } : {}), always };
}

/** How strongly an embedding counts stands in the prompt. */
async function readAddOn(
  { kind, file, word, strength }: CreateRequest['addOns'][number], checkpoint: Checkpoint,
): Promise<AlwaysOn> {
  const method = kind === 'lora' ? 'lora' as const : 'textual-inversion' as const;
  return { adapter: await readAdapter({ method, file, word }, checkpoint), strength: kind === 'lora' ? strength : 1 };
}

/** Every add-on that a checkpoint's networks may be told of. */
export function adaptersOn(checkpoint: Checkpoint, { first, second, always }: RequestLooks): JoinedAdapters {
  const own = [first, second].flatMap((look) => (
    look?.adapter && look.checkpoint === checkpoint ? [look.adapter] : []));
  return joinAdapters(own, always);
}
