// The networks beside the base models, used where the user has them: antelopev2 for faces, InstantID and an LCM-LoRA
// for SDXL. Knows where each lies, whether it is still the file that was looked at, and what its licence asks for.

import { statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CompanionKind, CompanionView } from '../contract/companions.ts';
import type { CheckedFile, FaceNetworks } from '../contract/engine-faces.ts';
import type { FaceEngine, FaceEngineId } from '../contract/faces.ts';
import {
  type CompanionCatalogue, type PublishedCompanion, licenseOf, mustBePublished, publishedBytes,
} from './companion-catalogue.ts';
import { type FileFingerprint, type HashMemory, hashedFile } from './file-hashes.ts';
import { type InstantNeeds, needsOf } from './instant-needs.ts';
import type { ShelvedPack } from './pack-shelf.ts';
import { recognizeCompanions } from './recognize-companions.ts';

export interface Companion extends CompanionView {
  /** Absolute path; null while it is missing. */
  readonly path: string | null;
}

export interface Companions {
  /** What instant portraits with this pack need; places is null while something is missing. */
  instantIdFor(pack: ShelvedPack): InstantNeeds;
  /** The networks of the chosen engine, or the built-in ones where it is not installed or its licence not accepted. */
  faceNetworks(choice: FaceEngineId): FaceNetworks;
  engines(): FaceEngine[];
  list(): Companion[];
  /** Recognises by content what lies at a path, and remembers it. Throws a UserError for what is none of it. */
  add(location: string): Promise<Companion[]>;
}

/** Where paths and hashes are remembered between starts. */
export interface CompanionMemory extends HashMemory {
  list(): { kind: CompanionKind; path: string }[];
  set(kind: CompanionKind, path: string, addedAtMs: number): void;
}

export interface CompanionOptions {
  readonly catalogue: CompanionCatalogue;
  readonly memory: CompanionMemory;
  readonly acceptedLicenses: () => readonly string[];
}

/** One that was named: its files as they were when they were looked at. */
interface Held {
  readonly path: string;
  /** By path; empty where nothing was there. */
  readonly files: ReadonlyMap<string, FileFingerprint>;
  readonly isPublished: boolean;
}

/** Looks at what was named before; hashes only files that were never hashed or have changed. */
export async function openCompanions(options: CompanionOptions): Promise<Companions> {
  const { catalogue, memory } = options;
  const published = new Map(catalogue.companions.map((one) => [one.kind, one]));
  const held = new Map<CompanionKind, Held>();
  for (const { kind, path: place } of memory.list()) {
    if (published.has(kind)) held.set(kind, await lookAt(published.get(kind)!, place, memory));
  }
  const list = (): Companion[] => catalogue.companions.map((one) => companionOf(one, held.get(one.kind), options));
  const find = (kind: CompanionKind): Companion => list().find((one) => one.kind === kind)!;
  const antelope = (): FaceNetworks | undefined => {
    const [detector, recognizer] = (['face-detector', 'face-recognizer'] as const).map(find);
    if (![detector, recognizer].every((one) => isUsable(one!))) return undefined;
    const checked = (one: Companion): CheckedFile => ({
      file: one.path!, sha256: published.get(one.kind)!.files[0]!.sha256,
    });
    return { kind: 'antelopev2', detector: checked(detector!), recognizer: checked(recognizer!) };
  };
  return {
    list,
    faceNetworks: (choice) => (choice === 'antelopev2' ? antelope() : undefined) ?? { kind: 'built-in' },
    engines: () => [builtInEngine, antelopeEngine(find('face-detector'), find('face-recognizer'))],
    instantIdFor: (pack) => needsOf(pack, list(), antelope()),
    async add(location) {
      const found = await recognizeCompanions(location, catalogue, memory);
      for (const { kind, path: place } of found) {
        held.set(kind, await lookAt(published.get(kind)!, place, memory));
        memory.set(kind, place, Date.now());
      }
      return found.map(({ kind }) => find(kind));
    },
  };
}

/** A place that is empty now is kept, so that it can be said; a hash that cannot be had counts as another. */
async function lookAt(published: PublishedCompanion, place: string, memory: HashMemory): Promise<Held> {
  const files = new Map<string, FileFingerprint>();
  const hashes = new Map<string, string>();
  for (const file of await filesOf(place)) {
    const wanted = published.files.find((one) => path.posix.basename(one.file) === path.basename(file));
    const isHashed = wanted !== undefined || file === place;
    const found = await (isHashed ? hashedFile(file, memory) : fingerprintOf(file)).catch(() => undefined);
    if (!found) continue;
    files.set(file, found);
    if ('sha256' in found) hashes.set(file === place ? published.files[0]!.file : wanted!.file, String(found.sha256));
  }
  const isAlone = files.has(place);
  const isPublished = published.files.every(({ file, sha256 }, i) => (
    hashes.get(file) === sha256 || (isAlone && i > 0)));
  return { path: place, files, isPublished };
}

/** The file itself, or a network's files in its folder. */
async function filesOf(place: string): Promise<string[]> {
  const info = await stat(place).catch(() => undefined);
  if (!info?.isDirectory()) return info ? [place] : [];
  const names = await readdir(place).catch(() => []);
  return names.filter((name) => /\.(?:json|safetensors|bin)$/.test(name)).sort().map((name) => path.join(place, name));
}

async function fingerprintOf(file: string): Promise<FileFingerprint> {
  const { size: sizeBytes, mtimeMs: modifiedAtMs } = await stat(file);
  return { sizeBytes, modifiedAtMs };
}

function companionOf(
  published: PublishedCompanion, held: Held | undefined, { catalogue, acceptedLicenses }: CompanionOptions,
): Companion {
  const license = licenseOf(catalogue, published);
  const state = held ? stateOf(held) : 'missing';
  const isRefused = mustBePublished(published) && held?.isPublished === false;
  const isThere = state === 'ready';
  return {
    kind: published.kind, name: published.name, source: sourceOf(published), path: held?.path ?? null,
    state: isThere && isRefused ? 'changed' : state,
    isPublished: isThere && held!.isPublished,
    note: noteOf(state, isRefused, held),
    fileName: held ? path.basename(held.path) : '',
    sizeBytes: isThere ? sum([...held!.files.values()].map(({ sizeBytes }) => sizeBytes)) : publishedBytes(published),
    license: license.text,
    licenseId: license.mustBeAccepted ? license.id : '',
    isLicenseAccepted: !license.mustBeAccepted || acceptedLicenses().includes(license.id),
    isCommercialUseAllowed: license.isCommercialUseAllowed,
    neededFor: published.neededFor,
  };
}

/** A look at sizes and times only: nothing is read. */
function stateOf({ path: place, files }: Held): 'ready' | 'gone' | 'changed' {
  if (!statSync(place, { throwIfNoEntry: false }) || files.size === 0) return 'gone';
  for (const [file, known] of files) {
    const now = statSync(file, { throwIfNoEntry: false });
    if (now?.size !== known.sizeBytes || now.mtimeMs !== known.modifiedAtMs) return 'changed';
  }
  return 'ready';
}

function noteOf(state: Companion['state'], isRefused: boolean, held: Held | undefined): string {
  if (state === 'gone') return 'It is not where it was: put it back or name its new place.';
  if (state === 'changed') return 'It was changed since it was looked at: name it again.';
  if (isRefused) return 'It is not the published file any more, and is not used: get it again.';
  return held?.isPublished === false ? 'It is not the published file, but another edition of it.' : '';
}

function sourceOf({ source, files }: PublishedCompanion): string {
  return `${source}: ${files[0]!.file}`;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

const isUsable = ({ state, isLicenseAccepted }: Companion): boolean => state === 'ready' && isLicenseAccepted;

const builtInEngine: FaceEngine = {
  id: 'built-in', name: 'Built-in face networks', isInstalled: true, reason: '',
  license: 'MIT, Apache 2.0 and public domain', licenseId: '', isCommercialUseAllowed: true,
};

function antelopeEngine(detector: Companion, recognizer: Companion): FaceEngine {
  const both = [detector, recognizer];
  const { license, licenseId, isLicenseAccepted, isCommercialUseAllowed } = recognizer;
  const unusable = both.filter(({ state }) => state !== 'ready');
  const reasons = [
    ...unusable.map(({ name, note }) => (note ? `${name}: ${note}` : `${name}: it has not been added.`)),
    ...(isLicenseAccepted ? [] : [`Its licence has not been accepted (${license}).`]),
  ];
  return {
    id: 'antelopev2', name: 'antelopev2 (InsightFace)', isInstalled: unusable.length === 0, reason: reasons.join(' '),
    license, licenseId, isCommercialUseAllowed,
  };
}
