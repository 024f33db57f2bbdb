// npm run bench -- crash: a whole studio is killed in the middle of an import and a batch, again and again. After each
// kill the library is looked at as the kill left it, before anything mends it, and compared with what was promised.

import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { seededRandom } from '../../src-main/starter/seeded-random.ts';
import { expectedOutcomes, writeMixedFiles } from '../studio/mixed-files.ts';
import { writeTinyPack } from '../studio/tiny-pack.ts';
import { type Findings, type Promises, inspectLibrary, noFindings } from './crash-findings.ts';

export interface CrashBenchOptions {
  readonly kills: number;
  /** Files, a multiple of 100, and portraits of each round; without portraits there is no batch, and no engine. */
  readonly photos: number;
  readonly portraits: number;
  readonly seed: number;
  readonly onKill?: (kill: number) => void;
}

export interface CrashReport {
  readonly kills: number;
  /** Where the kills fell. */
  readonly places: Readonly<Record<'opening' | 'importing' | 'drawing' | 'both' | 'idle', number>>;
  readonly photosPromised: number;
  readonly portraitsPromised: number;
  readonly rounds: number;
  readonly findings: Findings;
  /** Jobs that were cut short three times before anything of them was done, and were tried again. */
  readonly triedAgain: number;
  /** Engines of killed studios that lived on for more than ten seconds. */
  readonly orphanEngines: number;
  readonly seconds: number;
}

interface Victim {
  readonly lines: string[];
  readonly isFinished: boolean;
}

/** Kills the studio `kills` times, then lets it finish. */
export async function crash(options: CrashBenchOptions): Promise<CrashReport> {
  const startMs = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'likeness-crash-'));
  try {
    const places = { opening: 0, importing: 0, drawing: 0, both: 0, idle: 0 };
    const promises: Promises = { photoIds: new Set(), portraits: new Map(), doneJobs: new Set(), seenFiles: new Set() };
    let findings = noFindings;
    const engines = new Set<number>();
    const random = seededRandom(options.seed);
    await mkdir(join(folder, 'photos'));
    const verdicts = await writeMixedFiles(join(folder, 'photos'), options.photos);
    const expected = await expectedOutcomes(join(folder, 'photos'), verdicts);
    await writeTinyPack(join(folder, 'pack'));
    let [rounds, triedAgain] = [1, 0];
    for (let kill = 1; kill <= options.kills; kill++) {
      const moment = {
        word: options.portraits > 0 && random.chance(0.5) ? 'portrait' as const : 'photo' as const,
        after: random.integer(4), ms: random.between(0, 60),
      };
      const victim = await run(folder, options, rounds, moment);
      if (victim.isFinished) {
        rounds++;
        kill--;
      } else places[placeOf(victim.lines)]++;
      keepPromises(promises, victim.lines, engines);
      triedAgain += victim.lines.filter((line) => line.startsWith('again')).length;
      findings = await inspectLibrary(join(folder, 'library'), promises, findings);
      options.onKill?.(kill);
    }
    keepPromises(promises, (await run(folder, options, rounds, null)).lines, engines);
    findings = await inspectLibrary(join(folder, 'library'), promises, findings, expected);
    return {
      kills: options.kills, places, photosPromised: promises.photoIds.size, portraitsPromised: promises.portraits.size,
      rounds, triedAgain, findings, orphanEngines: await livingOf(engines),
      seconds: (performance.now() - startMs) / 1000,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** When a victim is killed: so many promises of this kind after it was ready, and a little later. */
interface Moment {
  readonly word: 'photo' | 'portrait';
  readonly after: number;
  readonly ms: number;
}

async function run(
  folder: string, { portraits }: CrashBenchOptions, rounds: number, moment: Moment | null,
): Promise<Victim> {
  const places = ['library', 'photos', 'pack'].map((name) => join(folder, name));
  const child = spawn(process.execPath, [
    '--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'crash-victim.ts'), ...places,
    String(portraits), String(rounds),
  ], { stdio: ['ignore', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const errors: string[] = [];
  let left = moment ? moment.after : Infinity;
  const kill = (): void => void setTimeout(() => child.kill('SIGKILL'), moment?.ms);
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    const [word] = line.split(' ');
    if ((word === moment?.word || word === 'ready' || word === 'done') && left-- === 0) kill();
  });
  const ended = await new Promise<{ code: number | null; killedBy: string | null }>((resolve) =>
    child.on('close', (code, killedBy) => resolve({ code, killedBy })));
  if (ended.killedBy === null && ended.code !== 0) throw new Error(`The studio failed: ${errors.join('\n')}`);
  return { lines, isFinished: lines.at(-1) === 'finished' };
}

function placeOf(lines: readonly string[]): keyof CrashReport['places'] {
  if (!lines.includes('ready')) return 'opening';
  const [isImporting, isDrawing] = ['photo', 'engine'].map((word) => lines.some((line) => line.startsWith(word)));
  if (isImporting && isDrawing) return 'both';
  return isImporting ? 'importing' : isDrawing ? 'drawing' : 'idle';
}

function keepPromises(promises: Promises, lines: readonly string[], engines: Set<number>): void {
  for (const [word, id, other] of lines.map((line) => line.split(' '))) {
    if (word === 'photo') promises.photoIds.add(id!);
    if (word === 'portrait') promises.portraits.set(id!, other!);
    if (word === 'done') promises.doneJobs.add(id!);
    if (word === 'engine') engines.add(Number(id));
    if (word === 'failed') throw new Error(`A job failed where it should have gone on: ${other}`);
  }
}

/** How many of these processes are still there, after ten seconds at most. */
async function livingOf(engines: ReadonlySet<number>): Promise<number> {
  const isAlive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  for (let tenth = 0; tenth < 100 && [...engines].some(isAlive); tenth++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return [...engines].filter(isAlive).length;
}

export async function benchCrash(options: Omit<CrashBenchOptions, 'onKill'>): Promise<string[]> {
  const report = await crash({
    ...options, onKill: (kill) => { if (kill % 50 === 0) console.error(`${kill} of ${options.kills} kills`); },
  });
  const { places, findings } = report;
  return [
    `${report.kills} kills in ${(report.seconds / 60).toFixed(1)} min: while opening ${places.opening}, importing `
      + `${places.importing}, drawing ${places.drawing}, both ${places.both}, between ${places.idle}; `
      + `${report.rounds} rounds; ${report.triedAgain} jobs that never got on were tried again`,
    '| promised or checked | number | wrong |',
    '| --- | ---: | ---: |',
    `| photos that were acknowledged, lost | ${report.photosPromised} | ${findings.lostPhotos} |`,
    `| portraits that were acknowledged, lost | ${report.portraitsPromised} | ${findings.lostPortraits} |`,
    `| items of batches that were drawn twice or not at all | ${findings.itemsChecked} | ${findings.wrongItems} |`,
    `| files of imports with another outcome than theirs | ${findings.outcomesChecked} | ${findings.wrongOutcomes} |`,
    `| files whose bytes are not those of their name | ${findings.filesChecked} | ${findings.corruptFiles} |`,
    `| rows whose file is missing | ${findings.rowsChecked} | ${findings.rowsWithoutFile} |`,
    `| databases that are not sound | ${findings.databasesChecked} | ${findings.brokenDatabases} |`,
    `| files without a row after the last start | | ${findings.orphanFiles} |`,
    `| engines that outlived their studio by ten seconds | | ${report.orphanEngines} |`,
  ];
}
