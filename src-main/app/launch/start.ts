// What `npm start` does: the desktop app where a window can be opened and Electron's binary can be had;
// otherwise, or with --browser, the same studio in a browser, on this machine only.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildApp, buildPage } from './build.ts';
import { fetchElectron, findElectron, whyNoWindow } from './electron-binary.ts';

const root = join(import.meta.dirname, '..', '..', '..');

function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}

function serveInBrowser(parameters: readonly string[]): void {
  const host = join(root, 'src-main', 'host', 'cli.ts');
  const flags = ['--disable-warning=ExperimentalWarning'];
  runUntilItEnds(process.execPath, [...flags, host, 'serve', ...parameters], process.env);
}

/** Electron's binary, or the reason (half a sentence) why the app cannot be opened. */
function electronOrReason(): { binary: string } | { reason: string } {
  const reason = whyNoWindow({
    platform: process.platform,
    environment: process.env,
    userId: process.getuid?.(),
  });
  if (reason !== undefined) return { reason };
  const found = findElectron(root);
  if (found !== undefined) return { binary: found };
  say('Fetching Electron (about 120 MB, once).');
  const fetched = fetchElectron(root);
  return fetched === undefined ? { reason: 'Electron could not be downloaded' } : { binary: fetched };
}

function runUntilItEnds(program: string, parameters: readonly string[], environment: NodeJS.ProcessEnv): void {
  const child = spawn(program, parameters, { stdio: 'inherit', env: environment });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void child.kill(signal));
  child.on('error', (error) => {
    say(`Likeness could not be started: ${error.message}.`);
    process.exitCode = 1;
  });
  child.on('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}

try {
  await buildPage();
} catch (error) {
  say(`The studio's page could not be built: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
const [first, ...rest] = process.argv.slice(2);
const electron = first === '--browser' ? undefined : electronOrReason();
if (electron === undefined) {
  serveInBrowser(rest);
} else if ('reason' in electron) {
  say(`Opening in the browser instead of a window of its own: ${electron.reason}.`);
  serveInBrowser([]);
} else {
  await buildApp();
  // The engine runs on this very Node, not on Electron's.
  runUntilItEnds(electron.binary, [root], { ...process.env, LIKENESS_NODE: process.execPath });
}
