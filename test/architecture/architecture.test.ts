// The architecture as a test: who may import whom, which process may load what, names and opening comments.
// Each rule is also put to a planted violation, which it must catch.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lengthExceptions } from './length-exceptions.ts';
import { levels } from './layers.ts';
import * as rules from './rules.ts';
import { folderOf, projectRoot, readSourceFiles, resolveImport, sourceFile } from './source-files.ts';

const sources = readSourceFiles(['src-main', 'src-renderer']);
const files = [...sources, ...readSourceFiles(['test'])];
const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));

const cases = [
  { rule: rules.importsGoDownwards, planted: [['src-main/tensor/a.ts', "import '../studio/b.ts';"]] },
  { rule: rules.everyFolderHasALevel, planted: [['src-main/elsewhere/a.ts', '']] },
  { rule: rules.sourcesImportNoTests, planted: [['src-main/faces/a.ts', "import '../../test/b.ts';"]] },
  {
    rule: rules.rendererImportsOnlyContract,
    planted: [['src-renderer/ipc/a.ts', "import '../../src-main/tensor/t.ts';"]],
  },
  { rule: rules.packagesHaveGatekeepers, planted: [['src-main/models/a.ts', "import 'onnxruntime-node';"]] },
  {
    rule: rules.filesFormNoCycle,
    planted: [
      ['src-main/text/a.ts', "import './b.ts';"],
      ['src-main/text/b.ts', "import type { A } from './a.ts'; export { a } from './a.ts';"],
    ],
  },
  {
    rule: rules.foldersFormNoCycle,
    planted: [
      ['src-main/photos/a.ts', "import '../faces/b.ts';"],
      ['src-main/faces/c.ts', "import '../photos/d.ts';"],
    ],
  },
  {
    rule: rules.processesStayApart,
    planted: [
      ['src-main/studio/a.ts', "import { b } from '../networks/b.ts';"],
      ['src-main/networks/b.ts', "import { c } from '../runtime/c.ts';"],
      ['src-main/runtime/c.ts', ''],
    ],
  },
  { rule: rules.namesSaySomething, planted: [['src-main/faces/utils.ts', '']] },
  { rule: rules.filesAreNamedInKebabCase, planted: [['src-main/faces/FaceCrop.ts', '']] },
  { rule: rules.filesOpenWithAComment, planted: [['src-main/faces/a.ts', "import 'x';"]] },
  { rule: rules.compilerIsPure, planted: [['src-main/compiler/a.ts', 'const now = Date.now();']] },
  { rule: rules.onlyLibraryWritesSql, planted: [['src-main/studio/a.ts', "db.run('DELETE FROM photos');"]] },
] as const;

test.each(cases)('$rule.name holds, and catches a planted violation', ({ rule, planted }) => {
  expect(rule(planted.map(([path, text]) => sourceFile(path, text)))).not.toEqual([]);
  expect(rule(files)).toEqual([]);
});

test('every imported package is named in package.json, and a stranger is noticed', () => {
  const stranger = sourceFile('src-main/faces/a.ts', "import 'left-pad'; import 'vite'; import fs from 'fs';");
  expect(rules.packagesAreDeclared([stranger], manifest)).toHaveLength(2);
  expect(rules.packagesAreDeclared(files, manifest)).toEqual([]);
});

test('the files and imports were really read', () => {
  const known = new Set(files.map((file) => file.path));
  const edges = rules.edgesOf(sources);
  const missing = edges.filter(({ to }) => /\.(ts|svelte)$/.test(to) && !known.has(to));

  expect(sources.length).toBeGreaterThan(100);
  expect(edges.length).toBeGreaterThan(200);
  expect(missing).toEqual([]);
  const folders = new Set(sources.flatMap((file) => folderOf(file.path) ?? []));
  expect(levels.flat().filter((folder) => !folders.has(folder))).toEqual([]);
  expect(resolveImport('src-main/faces/detect.ts', '../photos/photo.ts')).toBe('src-main/photos/photo.ts');
});

test('every folder says in a README of at most 25 lines what is where', () => {
  const lengths = [...levels.flat().map((folder) => `src-main/${folder}`), 'src-renderer'].map((folder) => {
    const path = join(projectRoot, folder, 'README.md');
    return { folder, lines: existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n').length : 0 };
  });
  expect(lengths.filter(({ lines }) => lines < 1 || lines > 25)).toEqual([]);
});

// The list may only shrink: a file that got shorter than its exception must lower it.
test('files stay within 300 lines, save those on a list that only shrinks', () => {
  const lengths = new Map(files.map((file) => [file.path, file.text.trimEnd().split('\n').length]));
  const tooLong = [...lengths].filter(([path, lines]) => lines > (lengthExceptions[path] ?? 300));
  const allowed = Object.entries(lengthExceptions);
  const slack = allowed.filter(([path, lines]) => lines > Math.max(300, lengths.get(path) ?? 0));

  expect(tooLong).toEqual([]);
  expect(slack).toEqual([]);
});

test('no test is skipped, and none runs alone', () => {
  const marks = /\b(?:it|test|describe|suite)\.(?:only|skip|todo|fails)\b/;
  expect(marks.test("test.only('x')")).toBe(true);
  const marked = files.filter((file) => /^test\/(?!architecture\/)/.test(file.path) && marks.test(file.text));
  expect(marked.map((file) => file.path)).toEqual([]);
});
