// What a pack needs to draw a face without teaching: an InstantID of its own where it carries one, else InstantID's two
// networks and antelopev2 beside an SDXL checkpoint. What is missing is said in sentences with size and licence.

import { statSync } from 'node:fs';
import path from 'node:path';
import type { CompanionKind } from '../contract/companions.ts';
import type { FaceNetworks, InstantIdPlaces } from '../contract/engine-faces.ts';
import type { Companion } from './companions.ts';
import type { ShelvedPack } from './pack-shelf.ts';

export interface InstantNeeds {
  readonly places: InstantIdPlaces | null;
  /** Whole sentences; empty where nothing is missing. */
  readonly missing: string[];
  /** Some of what it uses is not for commercial work. */
  readonly isResearchOnly: boolean;
  /** The LCM-LoRA for the pack's architecture; null where there is none. */
  readonly fastAdapterFile: string | null;
}

const sdxlNeeds: readonly { readonly title: string; readonly kinds: readonly CompanionKind[] }[] = [
  { title: 'InstantID', kinds: ['image-adapter', 'identity-net'] },
  { title: 'antelopev2 face networks', kinds: ['face-detector', 'face-recognizer'] },
];

export function needsOf(
  pack: ShelvedPack, companions: readonly Companion[], faceNetworks: FaceNetworks | undefined,
): InstantNeeds {
  const own = pack.isBuiltIn ? ownInstantId(pack.checkpointPath) : undefined;
  if (own) return { places: own, missing: [], isResearchOnly: false, fastAdapterFile: null };
  if (pack.architecture !== 'sdxl') {
    const missing = ['InstantID was made for SDXL: choose an SDXL checkpoint, or teach this model from photos.'];
    return { places: null, missing, isResearchOnly: false, fastAdapterFile: null };
  }
  const find = (kind: CompanionKind): Companion => companions.find((one) => one.kind === kind)!;
  const needed = sdxlNeeds.flatMap(({ kinds }) => kinds.map(find));
  const missing = sdxlNeeds.flatMap(({ title, kinds }) => missingOf(title, kinds.map(find)));
  const fast = find('fast-adapter');
  return {
    places: missing.length === 0 && faceNetworks?.kind === 'antelopev2' ? {
      imageAdapter: find('image-adapter').path!, identityNet: find('identity-net').path!, encoder: faceNetworks,
    } : null,
    missing,
    isResearchOnly: needed.some(({ isCommercialUseAllowed }) => !isCommercialUseAllowed),
    fastAdapterFile: fast.state === 'ready' && fast.isLicenseAccepted ? fast.path : null,
  };
}

/** A pack's own files; undefined where one of them is not there. */
function ownInstantId(checkpointPath: string): InstantIdPlaces | undefined {
  const place = (...names: string[]): string => path.join(checkpointPath, 'instant_id', ...names);
  const imageAdapter = place('ip-adapter.safetensors');
  const [identityNet, encoder] = [place('ControlNetModel'), place('face_encoder')];
  const isWhole = [imageAdapter, identityNet, encoder].every((one) => statSync(one, { throwIfNoEntry: false }));
  return isWhole ? { imageAdapter, identityNet, encoder: { kind: 'pack', folder: encoder } } : undefined;
}

/** 'InstantID: 4.2 GB, for research only.' for what was never added; else what became of it, or its licence. */
function missingOf(title: string, parts: readonly Companion[]): string[] {
  const absent = parts.filter(({ state }) => state === 'missing');
  const sentences: string[] = [];
  if (absent.length > 0) {
    const names = absent.length === parts.length ? '' : ` (${absent.map(({ name }) => name).join(', ')})`;
    const bytes = absent.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    sentences.push(`${title}${names}: ${sizeInWords(bytes)}, ${limitOf(absent[0]!)}.`);
  }
  for (const { name, note } of parts.filter(({ state }) => state === 'gone' || state === 'changed')) {
    sentences.push(`${name}: ${note}`);
  }
  const unaccepted = parts.find(({ isLicenseAccepted }) => !isLicenseAccepted);
  if (sentences.length === 0 && unaccepted) {
    sentences.push(`${title}: its licence has not been accepted (${limitOf(unaccepted)}).`);
  }
  return sentences;
}

/** What the licence allows, after the name of what it is for. */
function limitOf({ license }: Companion): string {
  return license.slice(license.indexOf(':') + 1).trim();
}

/** Decimal units, one digit where it says something: '4.2 GB', '278 MB'. */
export function sizeInWords(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(0)} MB`;
}
