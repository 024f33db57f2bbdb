// Looks at an app that electron-builder has laid out: are its fuses as we want them, and how large is each part?

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses';

export interface PackedApp {
  /** The folder as a whole. */
  readonly folder: string;
  readonly binary: string;
  readonly resources: string;
}

/** Every app below electron-builder's output folder: linux-unpacked, win-unpacked, mac/Likeness.app and the like. */
export function packedApps(outputFolder: string): PackedApp[] {
  return readdirSync(outputFolder).map((name) => join(outputFolder, name)).flatMap((folder) => {
    const bundle = join(folder, 'Likeness.app');
    const candidates = [
      { folder, binary: join(folder, 'likeness'), resources: join(folder, 'resources') },
      { folder, binary: join(folder, 'Likeness.exe'), resources: join(folder, 'resources') },
      { folder: bundle, binary: bundle, resources: join(bundle, 'Contents', 'Resources') },
    ];
    return candidates.filter(({ binary, resources }) => existsSync(binary) && existsSync(join(resources, 'app.asar')));
  });
}

/** Each door of Electron's binary: only what is needed is on. */
export const wantedFuses: Readonly<Record<FuseV1Options, boolean>> = {
  [FuseV1Options.RunAsNode]: false,
  [FuseV1Options.EnableCookieEncryption]: true,
  [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: false,
  [FuseV1Options.EnableNodeCliInspectArguments]: false,
  // macOS and Windows look at it; Linux has no such check
  [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: true,
  [FuseV1Options.OnlyLoadAppFromAsar]: true,
  [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
  [FuseV1Options.GrantFileProtocolExtraPrivileges]: false,
  [FuseV1Options.WasmTrapHandlers]: true,
};

/** Names of the fuses that are not as wanted; one that we do not know, or that is gone from the binary, counts. */
export async function wrongFuses(binary: string): Promise<string[]> {
  const wire = await getCurrentFuseWire(binary) as unknown as Record<string, FuseState | string>;
  const numbers = new Set([...Object.keys(wire), ...Object.keys(wantedFuses)].filter((key) => /^\d+$/.test(key)));
  return [...numbers].map(Number).filter((number) => {
    const wanted = wantedFuses[number as FuseV1Options];
    return wanted === undefined || wire[number] !== (wanted ? FuseState.ENABLE : FuseState.DISABLE);
  }).map((number) => FuseV1Options[number] ?? `fuse ${number}`);
}

export interface PackedPart {
  readonly name: string;
  readonly bytes: number;
}

/** The parts of an app by size, largest first, and their sum as the last row. */
export function partsOf({ folder, resources }: PackedApp): PackedPart[] {
  const unpacked = join(resources, 'app.asar.unpacked');
  const places: readonly (readonly [name: string, place: string])[] = [
    ['Node, for the engine', join(resources, 'node')],
    ['page and main process (app.asar)', join(resources, 'app.asar')],
    ['engine', join(unpacked, 'dist')],
    ['built-in model', join(unpacked, 'resources', 'starter')],
    ['face networks', join(unpacked, 'resources', 'faces')],
    ['styles', join(unpacked, 'resources', 'styles')],
    ['ONNX Runtime', join(unpacked, 'node_modules', 'onnxruntime-node')],
    ['sharp and libvips', join(unpacked, 'node_modules', '@img')],
    ['SQLite', join(unpacked, 'node_modules', 'better-sqlite3')],
  ];
  const known = places.map(([name, place]) => ({ name, bytes: sizeOf(place) }));
  const all = sizeOf(folder);
  const rest = all - known.reduce((sum, { bytes }) => sum + bytes, 0);
  const rows = [...known, { name: 'Electron and the rest', bytes: rest }].sort((a, b) => b.bytes - a.bytes);
  return [...rows, { name: 'together', bytes: all }];
}

/** The same as lines for the terminal. */
export function sizeTable(parts: readonly PackedPart[]): string {
  return parts.map(({ name, bytes }) => `${(bytes / 1e6).toFixed(1).padStart(8)} MB  ${name}`).join('\n');
}

function sizeOf(place: string): number {
  const status = statSync(place, { throwIfNoEntry: false });
  if (!status?.isDirectory()) return status?.size ?? 0;
  return readdirSync(place).reduce((sum, name) => sum + sizeOf(join(place, name)), 0);
}
