// Writes the licences of everything that ships into one file: Likeness's own, the packages that it runs on or that are
// bundled into the page, and Node's. Electron's and Chromium's come along with Electron.

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const licenseName = /^(licen[cs]e|copying|notice)([.-].*)?$/i;

/** Writes `file` and returns the names of the packages in it, sorted. */
export function writeLicenses(root: string, nodeBinary: string, file: string): string[] {
  const manifest = manifestIn(root);
  const folders = packageFolders(root, [...Object.keys(manifest.dependencies ?? {}), ...pagePackages(root)]);
  const packages = folders.map((folder) => ({ folder, ...manifestIn(folder) }))
    .sort((a, b) => a.name.localeCompare(b.name, 'en'));
  const sections = packages.map(({ folder, name, version, license = 'see its source' }) =>
    section(`${name} ${version} (${license})`, licenseTexts(folder)));
  const resource = (...path: string[]): string => readFileSync(join(root, 'resources', ...path), 'utf8');
  const nodeFolder = dirname(dirname(nodeBinary));
  const text = [
    section(`Likeness ${manifest.version} (MIT)`, licenseTexts(root)),
    section('Face networks', [resource('faces', 'LICENSES.md')]),
    section('Vocabulary of the text encoder', [resource('tokenizer', 'NOTICE.md')]),
    section('Node.js', licenseTexts(nodeFolder)),
    ...sections,
  ].join('\n');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return packages.map(({ name }) => name);
}

function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** The packages that the page imports; what they are bundled with counts too, see packageFolders. */
function pagePackages(root: string): string[] {
  const sources = readdirSync(join(root, 'src-renderer'), { recursive: true, encoding: 'utf8' });
  const imported = sources.filter((name) => /\.(ts|svelte)$/.test(name)).flatMap((name) => {
    const text = readFileSync(join(root, 'src-renderer', name), 'utf8');
    return [...text.matchAll(/from '((?:@[^/']+\/)?[^./'][^/']*)/g)].map((match) => match[1]!);
  });
  return [...new Set(imported)].filter((name) => existsSync(join(root, 'node_modules', name, 'package.json')));
}

/** The folders of these packages and of all that they depend on, as Node would find them. */
function packageFolders(root: string, names: readonly string[]): string[] {
  const found = new Set<string>();
  const visit = (from: string, name: string): void => {
    const folder = resolvePackage(root, from, name);
    if (folder === undefined || found.has(folder)) return;
    found.add(folder);
    const { dependencies, optionalDependencies } = manifestIn(folder);
    for (const next of Object.keys({ ...dependencies, ...optionalDependencies })) visit(folder, next);
  };
  for (const name of names) visit(root, name);
  return [...found];
}

function resolvePackage(root: string, from: string, name: string): string | undefined {
  for (let place = from; place.startsWith(root); place = dirname(place)) {
    const folder = join(place, 'node_modules', name);
    if (basename(place) !== 'node_modules' && existsSync(join(folder, 'package.json'))) return folder;
  }
  return undefined;
}

/** The licence files of a package; its README where it has none, since that is where the licence is told then. */
function licenseTexts(folder: string): string[] {
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile()).map(({ name }) => name);
  const licenses = names.filter((name) => licenseName.test(name));
  const chosen = licenses.length > 0 ? licenses : names.filter((name) => /^readme\.md$/i.test(name));
  return chosen.map((name) => readFileSync(join(folder, name), 'utf8').trim());
}

function section(title: string, texts: readonly string[]): string {
  return [`${'='.repeat(80)}`, title, '='.repeat(80), '', ...texts, ''].join('\n');
}
