// Who may import whom, as data. A folder may import from every level below its own, from itself, and from folders of
// its own level as long as the folders form no cycle.

/** From the bottom up. */
export const levels: readonly (readonly string[])[] = [
  ['contract', 'tensor'],
  ['compiler', 'diffusion', 'text', 'checkpoint'],
  ['models', 'runtime', 'adapter'],
  ['networks'],
  ['photos', 'faces', 'dataset'],
  ['training', 'generation'],
  ['compute', 'starter', 'library', 'jobs', 'packs'],
  ['studio'],
  ['app', 'host', 'preload'],
];

/** Packages with a gatekeeper: only these folders of src-main may import them. */
export const gatekeepers: Readonly<Record<string, readonly string[]>> = {
  'onnxruntime-node': ['runtime'],
  'better-sqlite3': ['library'],
  electron: ['app', 'preload'],
};

/** What must never be loaded into a process: from the folder, following imports, the target must be out of reach. */
export const unreachable: readonly { readonly from: string; readonly target: string; readonly why: string }[] = [
  { from: 'studio', target: 'runtime', why: 'ONNX Runtime blocks its thread and can kill its process' },
  { from: 'app', target: 'runtime', why: 'ONNX Runtime blocks its thread and can kill its process' },
  { from: 'compute', target: 'library', why: 'only the main process opens the library' },
  { from: 'preload', target: 'contract', why: 'the preload passes messages on and knows none of them' },
];

/** Folder and file names that say nothing. */
export const emptyNames = ['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'shared', 'data', 'info', 'stuff'];

/** Compiler: same input, same graph, byte for byte; so it may use none of these. */
export const compilerMayNotMention = [/\bDate\b/, /\bperformance\b/, /Math\.random/, /from 'node:(?!assert)/, /\bprocess\./];
