// The architecture's rules as functions from files to complaints, so that planted violations can be put to them too.

import { builtinModules } from 'node:module';
import { basename } from 'node:path';
import { compilerMayNotMention, emptyNames, gatekeepers, levels, unreachable } from './layers.ts';
import { folderOf, packageOf, resolveImport } from './source-files.ts';
import type { SourceFile } from './source-files.ts';

type Rule = (files: readonly SourceFile[]) => string[];

interface Edge {
  readonly from: string;
  readonly to: string;
}

/** Imports from one file of the project to another. */
export function edgesOf(files: readonly SourceFile[]): Edge[] {
  return files.flatMap((file) =>
    file.imports.flatMap((specifier) => {
      const to = resolveImport(file.path, specifier);
      return to === undefined ? [] : [{ from: file.path, to }];
    }),
  );
}

function levelOf(folder: string): number {
  return levels.findIndex((level) => level.includes(folder));
}

export const importsGoDownwards: Rule = (files) =>
  edgesOf(files).flatMap(({ from, to }) => {
    const [fromFolder, toFolder] = [folderOf(from), folderOf(to)];
    if (fromFolder === undefined || toFolder === undefined || fromFolder === toFolder) return [];
    if (levelOf(toFolder) <= levelOf(fromFolder)) return [];
    return [`${from} imports ${to}: ${toFolder} stands above ${fromFolder}`];
  });

export const everyFolderHasALevel: Rule = (files) => {
  const folders = new Set(files.flatMap((file) => folderOf(file.path) ?? []));
  return [...folders].filter((folder) => levelOf(folder) < 0).map((folder) => `src-main/${folder} is in no level`);
};

export const sourcesImportNoTests: Rule = (files) =>
  edgesOf(files)
    .filter(({ from, to }) => /^src-/.test(from) && !/^(src-|resources\/)/.test(to))
    .map(({ from, to }) => `${from} imports ${to}: outside the sources`);

export const rendererImportsOnlyContract: Rule = (files) =>
  edgesOf(files)
    .filter(({ from }) => from.startsWith('src-renderer/'))
    .filter(({ to }) => to.startsWith('src-main/') && folderOf(to) !== 'contract')
    .map(({ from, to }) => `${from} imports ${to}: the renderer knows the contract and nothing else`);

export const packagesHaveGatekeepers: Rule = (files) =>
  files.flatMap((file) =>
    file.imports.flatMap((specifier) => {
      const allowed = gatekeepers[packageOf(specifier) ?? ''];
      if (allowed === undefined || file.path.startsWith('test/')) return [];
      const folder = folderOf(file.path);
      return folder !== undefined && allowed.includes(folder)
        ? []
        : [`${file.path} imports ${specifier}: only ${allowed.join(' and ')} may`];
    }),
  );

/** Every package that is imported is named in package.json; what the product runs on is no development package. */
export function packagesAreDeclared(
  files: readonly SourceFile[],
  manifest: Record<string, Record<string, string>>,
): string[] {
  const running = new Set(Object.keys(manifest['dependencies'] ?? {}));
  const developing = new Set(Object.keys(manifest['devDependencies'] ?? {}));
  return files.flatMap((file) =>
    file.imports.flatMap((specifier) => {
      const name = packageOf(specifier);
      if (name === undefined || builtinModules.includes(name) || running.has(name)) return [];
      if (!developing.has(name)) return [`${file.path} imports ${name}, which package.json does not name`];
      // Electron comes with the app itself; what builds the app stands in app/ and never runs in it.
      const isProduct = file.path.startsWith('src-main/') && !/^src-main\/(app|preload)\//.test(file.path);
      return isProduct ? [`${file.path} imports ${name}, a development package`] : [];
    }),
  );
}

/** Tarjan's strongly connected components would name them all; one path through each cycle is enough to mend it. */
export function cyclesIn(edges: readonly Edge[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of edges) if (from !== to) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (node: string, path: string[]): void => {
    const start = path.indexOf(node);
    if (start >= 0) cycles.push([...path.slice(start), node].join(' → '));
    if (start >= 0 || done.has(node)) return;
    for (const target of next.get(node) ?? []) visit(target, [...path, node]);
    done.add(node);
  };
  for (const node of next.keys()) visit(node, []);
  return cycles;
}

/** Reads imports of values only: `import type` is gone at run time, so it loads nothing. */
function loadedBy(file: SourceFile): readonly string[] {
  const specifiers = (pattern: RegExp) => new Set([...file.text.matchAll(pattern)].map((match) => match[1]));
  const typeOnly = specifiers(/(?:import|export) type [\w\s{},*]*? from '([^']+)'/g);
  const mixed = specifiers(/(?:import|export) (?!type )[\w\s{},*]*? from '([^']+)'/g);
  return file.imports.filter((specifier) => !typeOnly.has(specifier) || mixed.has(specifier));
}

/** Files may name each other's types in a circle (a rule and what it builds with), but not load each other. */
export const filesFormNoCycle: Rule = (files) =>
  cyclesIn(edgesOf(files.map((file) => ({ ...file, imports: loadedBy(file) }))));

export const foldersFormNoCycle: Rule = (files) =>
  cyclesIn(
    edgesOf(files).flatMap(({ from, to }) => {
      const [fromFolder, toFolder] = [folderOf(from), folderOf(to)];
      return fromFolder === undefined || toFolder === undefined ? [] : [{ from: fromFolder, to: toFolder }];
    }),
  );

export const processesStayApart: Rule = (files) => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  return unreachable.flatMap(({ from, target, why }) => {
    const waiting = files.filter((file) => folderOf(file.path) === from).map((file) => [file.path]);
    const seen = new Set<string>();
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      const current = path.at(-1) ?? '';
      if (folderOf(current) === target) return [`${path.join(' → ')}: ${why}`];
      const file = byPath.get(current);
      if (file === undefined || seen.has(current)) continue;
      seen.add(current);
      for (const specifier of loadedBy(file)) {
        const to = resolveImport(current, specifier);
        if (to !== undefined) waiting.push([...path, to]);
      }
    }
    return [];
  });
};

export const namesSaySomething: Rule = (files) =>
  files
    .filter((file) => !file.path.startsWith('test/'))
    .flatMap((file) => {
      const parts = file.path.split('/');
      const names = [...parts.slice(0, -1), basename(file.path).replace(/\..*$/, '')];
      return names.filter((name) => emptyNames.includes(name)).map((name) => `${file.path}: '${name}' says nothing`);
    });

const fileName = { component: /^[A-Z][A-Za-z]*\.svelte$/, other: /^[a-z0-9.-]+$/ };

export const filesAreNamedInKebabCase: Rule = (files) =>
  files
    .filter((file) => {
      const name = basename(file.path);
      return !(name.endsWith('.svelte') ? fileName.component : fileName.other).test(name);
    })
    .map((file) => `${file.path}: components are PascalCase.svelte, everything else kebab-case`);

export const filesOpenWithAComment: Rule = (files) =>
  files.flatMap((file) => {
    const lines = file.text.replace(/^#!.*\n/, '').split('\n');
    const opening = lines[0] ?? '';
    const isBlock = opening.startsWith('/*') || opening.startsWith('<!--');
    const length = isBlock
      ? lines.findIndex((line) => /\*\/|-->/.test(line)) + 1
      : lines.findIndex((line) => !line.startsWith('//'));
    return length >= 1 && length <= 6 ? [] : [`${file.path}: opens with ${length} comment lines instead of 1 to 6`];
  });

export const compilerIsPure: Rule = (files) =>
  files
    .filter((file) => folderOf(file.path) === 'compiler')
    .flatMap((file) => {
      const code = file.text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      const found = compilerMayNotMention.filter((pattern) => pattern.test(code));
      return found.map((pattern) => `${file.path} has ${pattern}`);
    });

export const onlyLibraryWritesSql: Rule = (files) =>
  files
    .filter((file) => /^src-/.test(file.path) && folderOf(file.path) !== 'library')
    .filter((file) => /\b(SELECT\s.+\sFROM|INSERT INTO|DELETE FROM|UPDATE \w+ SET|CREATE TABLE)\b/.test(file.text))
    .map((file) => `${file.path} writes SQL: only src-main/library does`);
