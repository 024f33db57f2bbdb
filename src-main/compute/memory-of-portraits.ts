// Ways to draw portraits with less memory: the picture decoded in tiles, networks one after the other, attention in
// smaller slices. What is counted is all that a request brings: looks and add-ons, a face, the passes that follow.

import type { Checkpoint } from '../checkpoint/open-checkpoint.ts';
import type { GenerationSettings } from '../contract/settings.ts';
import type { MemoryChange, MemoryPart } from '../contract/memory-plan.ts';
import { unetFactor } from '../generation/portrait-size.ts';
import { tilesOf, upscaledSize } from '../generation/upscale.ts';
import type { AdapterForm } from '../networks/adapter-input.ts';
import type { InstantId } from '../networks/instant-id.ts';
import {
  type MemoryForm, type PipelineSaving, type PortraitForm, decoderPart, encoderPart, peakOf, portraitParts, unetPart,
} from '../networks/memory-plan.ts';
import type { Choices, Computes } from './memory-plan.ts';
import { adaptersOn, type RequestLooks } from './read-looks.ts';

type AskedSettings = Required<Pick<GenerationSettings, 'widthPx' | 'heightPx'>>
  & Partial<Pick<GenerationSettings, 'facePass' | 'upscale'>>;

/** A model whose networks draw, with all add-ons that they can be told of. */
export interface DrawingModel {
  readonly checkpoint: Checkpoint;
  readonly adapter?: AdapterForm;
}

export interface AskedPortraits extends DrawingModel {
  readonly settings: AskedSettings;
  /** Of portraits that are there: nothing is drawn at their own size. */
  readonly isEnlarging?: boolean;
  readonly instantId?: InstantId;
  /** The second person's, where that is a model of its own. */
  readonly other?: DrawingModel;
  /** Networks that measure likeness, see likenessPart(). */
  readonly likeness?: MemoryPart;
}

/** What looks and add-ons make of a base model. */
export function modelsOf(
  base: Checkpoint, looks: RequestLooks,
): Pick<AskedPortraits, 'checkpoint' | 'adapter' | 'other'> {
  const modelOn = (checkpoint: Checkpoint): DrawingModel => {
    const { form } = adaptersOn(checkpoint, looks);
    return { checkpoint, ...(form ? { adapter: form } : {}) };
  };
  const [own, other] = [looks.first?.checkpoint ?? base, looks.second?.checkpoint];
  return { ...modelOn(own), ...(other && other !== own ? { other: modelOn(other) } : {}) };
}

type Machine = Omit<MemoryForm, 'favour'>;
interface Size { readonly widthPx: number; readonly heightPx: number }

export const inTiles = { setting: 'tiled-vae', from: 'whole', to: 'tiles', timeFactor: 1.1 } as const;
const oneByOne = { setting: 'sequential', from: 'together', to: 'sequential', timeFactor: 1.2 } as const;
export const inSlices = { setting: 'attention-slices', from: '1', to: '4', timeFactor: 1.1 } as const;

export function drawingChoices(asked: AskedPortraits, machine: Machine): Choices<PipelineSaving> {
  const parts = new DrawingParts(asked, machine);
  return {
    usual: { isSequential: false, isTiled: false, isSliced: false },
    choices: [
      { saving: { isTiled: true }, change: inTiles }, { saving: { isSequential: true }, change: oneByOne },
      { saving: { isSliced: true }, change: inSlices },
    ],
    partsOf: (saving) => parts.of(saving),
  };
}

/** Each part is counted once, however many ways it is used in. */
class DrawingParts {
  readonly #asked: AskedPortraits;
  readonly #form: MemoryForm;
  readonly #known = new Map<string, MemoryPart[]>();

  constructor(asked: AskedPortraits, machine: Machine) {
    this.#asked = asked;
    this.#form = { ...machine, favour: 'memory' };
  }

  of({ isSequential, isTiled, isSliced }: PipelineSaving): MemoryPart[] {
    const { other, likeness } = this.#asked;
    const models = [this.#asked, ...(other ? [other] : [])];
    const parts = models.flatMap((model, index) => this.#ofModel(`${index}`, model, isTiled, isSliced));
    const staged = isSequential ? parts.map((part, stage) => ({ ...part, stage })) : parts;
    if (!likeness) return staged;
    const largest = staged.toSorted((a, b) => peakOf([b]) - peakOf([a]))[0]!;
    return [...staged, { ...likeness, stage: largest.stage }];
  }

  #ofModel(key: string, model: DrawingModel, isTiled: boolean, isSliced: boolean): MemoryPart[] {
    const { settings, isEnlarging = false } = this.#asked;
    const { checkpoint } = model;
    const form = this.#formOf(model, isSliced);
    const [size, ...others] = sizesOf(this.#asked);
    // the picture that is there is encoded whole
    const isEncoded = isEnlarging && !isSame(size, settings);
    return [
      ...this.#kept(`${key} networks ${isSliced}`, () => portraitParts(checkpoint, { ...form, ...size }).slice(0, -1)),
      ...this.#kept(`${key} vae ${isTiled} ${isSliced}`, () => (
        [decoderPart, encoderPart].map((part) => part(checkpoint, { ...form, ...size }, isTiled)))),
      ...others.flatMap((other) => (
        this.#kept(`${key} ${JSON.stringify(other)} ${isTiled} ${isSliced}`, () => (
          this.#ofSize(checkpoint, { ...form, ...other }, isTiled))))),
      ...(isEncoded ? this.#kept(`${key} given ${isTiled} ${isSliced}`, () => (
        sharing([encoderPart(checkpoint, { ...form, ...settings }, isTiled)], form))) : []),
    ];
  }

  #ofSize(checkpoint: Checkpoint, form: PortraitForm, isTiled: boolean): MemoryPart[] {
    return sharing([
      unetPart(checkpoint, form), decoderPart(checkpoint, form, isTiled), encoderPart(checkpoint, form, isTiled),
    ], form);
  }

  /** Both sides of guidance are two calls. */
  #formOf({ adapter }: DrawingModel, isSliced: boolean): Omit<PortraitForm, keyof Size> {
    const { instantId } = this.#asked;
    return { ...this.#form, isSliced, rows: 1, ...(adapter ? { adapter } : {}), ...(instantId ? { instantId } : {}) };
  }

  #kept(key: string, count: () => MemoryPart[]): MemoryPart[] {
    const parts = this.#known.get(key) ?? count();
    this.#known.set(key, parts);
    return parts;
  }
}

/** Sessions of another size: on the processor they share the weights of one file with those that are there. */
function sharing(parts: MemoryPart[], { provider }: Pick<MemoryForm, 'provider'>): MemoryPart[] {
  return provider === 'cpu' ? parts.map((part) => ({ ...part, weightBytes: 0 })) : parts;
}

function isSame(a: Size, b: Size): boolean {
  return a.widthPx === b.widthPx && a.heightPx === b.heightPx;
}

/** Sizes that are drawn at: the portrait's own, the face pass's and that of the tiles, each once. */
function sizesOf(
  { checkpoint: { vaeConfig, unetConfig }, settings, isEnlarging = false }: AskedPortraits,
): readonly [Size, ...Size[]] {
  const { widthPx, heightPx, facePass = 'off', upscale = 1 } = settings;
  const vaeFactor = 2 ** (vaeConfig.blockOutChannels.length - 1);
  const resolutionPx = unetConfig.sampleSize * vaeFactor;
  const multiplePx = vaeFactor * unetFactor;
  const whole = upscaledSize({ width: widthPx, height: heightPx }, upscale);
  const [tile] = upscale > 1 ? tilesOf(whole, { resolutionPx, multiplePx }) : [];
  const own = { widthPx, heightPx };
  const tiles = tile ? [{ widthPx: tile.width, heightPx: tile.height }] : [];
  if (isEnlarging && tiles[0]) return [tiles[0]];
  const faces = facePass === 'off' ? [] : [{ widthPx: resolutionPx, heightPx: resolutionPx }];
  const others = [...faces, ...tiles].filter((size, index, all) => (
    !isSame(size, own) && all.findIndex((each) => isSame(each, size)) === index));
  return [own, ...others];
}

/** What a user can change: values take as much less as the picture has fewer pixels. Tiles have their size. */
export function drawingSuggestions(
  { settings: { widthPx, heightPx }, isEnlarging = false }: AskedPortraits, { provider, precision }: Computes,
): (parts: readonly MemoryPart[], available: number) => MemoryChange[] {
  return (parts, available) => {
    const peak = peakOf(parts);
    const suggestions: MemoryChange[] = [];
    for (const share of isEnlarging ? [] : [0.75, 0.5]) {
      const [width, height] = [widthPx, heightPx].map((px) => 64 * Math.round((px * share) / 64)) as [number, number];
      const smaller = peakOf(parts.map((part) => (
        { ...part, activationBytes: part.activationBytes * ((width * height) / (widthPx * heightPx)) })));
      if (smaller > available) continue;
      suggestions.push({
        setting: 'resolution', from: `${widthPx} × ${heightPx}`, to: `${width} × ${height}`,
        savedBytes: peak - smaller, timeFactor: 1,
      });
      break;
    }
    return [...suggestions, ...halfSuggestion(provider, precision, peak)];
  };
}

/** On a graphics card alone: the processor has no use for 16 bits. */
export function halfSuggestion(
  provider: Computes['provider'], precision: Computes['precision'], peak: number,
): MemoryChange[] {
  if (provider === 'cpu' || precision === 'float16') return [];
  return [{ setting: 'precision', from: 'float32', to: 'float16', savedBytes: peak / 2, timeFactor: 1 }];
}
