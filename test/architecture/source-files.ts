// Reads the project's source files and their imports, with TypeScript's own scanner for the imports.

import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export interface SourceFile {
  /** From the project's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Specifiers as written: './a.ts', 'node:fs', 'zod'. */
  readonly imports: readonly string[];
}

export const projectRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const sourceEndings = /\.(ts|mjs|js|svelte)$/;

/** Every source file below these folders, in the order of their paths. */
export function readSourceFiles(folders: readonly string[]): SourceFile[] {
  return folders.flatMap((folder) => listFiles(join(projectRoot, folder))).map((file) => {
    const path = relative(projectRoot, file).split(sep).join('/');
    return sourceFile(path, readFileSync(file, 'utf8'));
  });
}

export function sourceFile(path: string, text: string): SourceFile {
  return { path, text, imports: importsOf(path, text) };
}

function listFiles(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : listFiles(path);
    return sourceEndings.test(entry.name) ? [path] : [];
  });
}

function importsOf(path: string, text: string): string[] {
  const script = path.endsWith('.svelte') ? scriptsOf(text) : text;
  return ts.preProcessFile(script, true, true).importedFiles.map((reference) => reference.fileName);
}

function scriptsOf(svelte: string): string {
  return [...svelte.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((match) => match[1]).join('\n');
}

/** The file that a relative specifier names, from the project's root; undefined for a package or a built-in. */
export function resolveImport(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return posix.normalize(posix.join(posix.dirname(from), specifier));
}

/** 'zod' of 'zod/v4', '@a/b' of '@a/b/c'; undefined for relative and built-in specifiers. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:') || specifier.startsWith('virtual:')) return undefined;
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
}

/** 'src-main/faces/detect.ts' → 'faces'; undefined outside src-main. */
export function folderOf(path: string): string | undefined {
  const [top, folder, ...rest] = path.split('/');
  return top === 'src-main' && rest.length > 0 ? folder : undefined;
}
