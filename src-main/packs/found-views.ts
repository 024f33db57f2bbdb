// What was found among the user's own models, as the page shows it: names and sentences, no paths.

import { homedir } from 'node:os';
import path from 'node:path';
import { modelFolderIdSchema, type FoundModel, type ModelFolder } from '../contract/models.ts';
import type { ModelFolderRow } from '../library/model-folders.ts';
import type { FoundFile, HeldFolder } from './found-files.ts';
import { foundIdOf, packIdOf } from './model-facts.ts';

/** A place for reading: the home folder is ~. */
export function placeInWords(place: string): string {
  const home = homedir();
  return place === home || place.startsWith(home + path.sep) ? `~${place.slice(home.length)}` : place;
}

export function folderView({ row, state, note, files }: HeldFolder): ModelFolder {
  const usable = [...files.values()].filter(({ facts }) => facts.refusal === '');
  const count = (kind: string): number => usable.filter(({ facts }) => facts.kind === kind).length;
  const [checkpoints, loras, embeddings] = ['checkpoint', 'lora', 'embedding'].map(count);
  return {
    id: modelFolderIdSchema.parse(row.id), kind: row.kind, place: placeInWords(row.path), state, note,
    counts: {
      checkpoints: checkpoints!, loras: loras!, embeddings: embeddings!,
      others: files.size - checkpoints! - loras! - embeddings!,
    },
  };
}

export interface FoundPlace {
  readonly folder: ModelFolderRow;
  /** The VAE that a checkpoint is used with; undefined where there is none. */
  readonly usesVae: FoundFile | 'own' | undefined;
  /** Path of the one that the user chose. */
  readonly chosenVae: string | undefined;
}

const familyNames = { sd15: 'Stable Diffusion 1.5', sd2: 'Stable Diffusion 2', sdxl: 'SDXL' };

export function foundView(file: FoundFile, { folder, usesVae, chosenVae }: FoundPlace): FoundModel {
  const { row: { path: place, sizeBytes }, facts, state } = file;
  const isUsable = facts.refusal === '';
  const isPack = isUsable && facts.kind === 'checkpoint' && usesVae !== undefined;
  const isChosen = typeof usesVae === 'object' && usesVae.row.path === chosenVae;
  const inside = path.relative(folder.path, path.dirname(place));
  return {
    id: foundIdOf(place), folderId: modelFolderIdSchema.parse(folder.id), kind: facts.kind,
    name: nameOf(place), within: inside.startsWith('..') ? '' : inside, fileName: path.basename(place), sizeBytes,
    architecture: facts.architecture, predictionType: facts.predictionType, hasVae: facts.hasVae,
    missing: missingOf(file, usesVae), state: isUsable ? state : 'refused',
    note: isUsable ? stateNotes[state] : facts.refusal, packId: isPack ? packIdOf(place) : null,
    vaeId: isChosen ? foundIdOf(usesVae.row.path) : null, words: [...facts.words],
  };
}

const stateNotes: Readonly<Record<FoundFile['state'], string>> = {
  ready: '', gone: 'It is not where it was. Plug its drive in or put it back, then look again.',
  changed: 'It was changed since it was looked at. Look again.',
};

function missingOf({ facts }: FoundFile, usesVae: FoundPlace['usesVae']): string[] {
  if (facts.kind !== 'checkpoint' || facts.refusal !== '' || facts.hasVae) return [];
  const family = facts.architecture === null ? 'its family' : familyNames[facts.architecture];
  if (typeof usesVae === 'object') return [`It has no VAE of its own: "${nameOf(usesVae.row.path)}" is used.`];
  return [`It has no VAE, and none for ${family} was found: add a folder or a file that has one.`];
}

/** A file's name without its ending; of a model in Hugging Face's cache, the repository's. */
export function nameOf(place: string): string {
  const [, owner, repository] = /[\\/]models--([^\\/]+?)--([^\\/]+)[\\/]snapshots[\\/][^\\/]+$/.exec(place) ?? [];
  if (owner !== undefined) return `${owner}/${repository!.replaceAll('--', '/')}`;
  return path.basename(place).replace(/\.(?:safetensors|sft|ckpt|pt|pth|bin)$/i, '');
}
