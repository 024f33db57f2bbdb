// The studio's side of the engine process: starts it when there is work, starts it again when it died,
// gives it one request at a time and parses what it says. To cancel, the process is killed.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import {
  type EngineControl, type EngineItem, type EngineReport, type EngineResult, type NewEngineRequest, engineReportSchema,
} from '../contract/engine.ts';
import { reviveError } from '../contract/error-data.ts';
import { UserError } from '../contract/errors.ts';
import type { EngineState, LossPoint } from '../contract/nouns.ts';
import type { Progress } from '../contract/work.ts';
import { type EngineWatch, type WatchLimits, usualLimits, watchEngine } from './engine-watch.ts';

export interface EngineListeners {
  readonly onProgress?: (progress: Progress, lossPoints: readonly LossPoint[]) => void;
  readonly onNote?: (sentence: string) => void;
  /** Once, when the request is on its way: what is sent reaches it while it works. */
  readonly onStart?: (send: (control: EngineControl['control']) => void) => void;
  /** Called in order; the request is done only when all of them are. */
  readonly onItem?: (item: EngineItem) => Promise<void>;
}

export interface Engine {
  /** Rejects with a UserError; with an AbortError when `signal` was aborted. One request at a time. */
  run(request: NewEngineRequest, signal: AbortSignal, listeners?: EngineListeners): Promise<EngineResult>;
  state(): EngineState;
  /** Process number of the running engine, for those who want to see it die; undefined while there is none. */
  processId(): number | undefined;
  /** Starts it anew for the next request, because its environment is another. */
  renew(): void;
  close(): Promise<void>;
}

export interface EngineSettings {
  /** A plain Node 24 binary; never Electron's. */
  readonly nodeFile: string;
  /** compute/engine.ts, or what it was bundled to. */
  readonly entryFile: string;
  readonly resourcesFolder: string;
  /** What it is started with; undefined: with this process's own environment. */
  readonly environment?: () => NodeJS.ProcessEnv | undefined;
  readonly onState: (state: EngineState) => void;
  /** What the engine writes that is no message: warnings of its libraries, stack traces. */
  readonly onLog: (line: string) => void;
  /** When it hangs. */
  readonly limits?: WatchLimits;
}

interface Call {
  readonly watch: EngineWatch;
  readonly id: number;
  readonly listeners: EngineListeners;
  readonly resolve: (result: EngineResult) => void;
  readonly reject: (error: unknown) => void;
  /** Items are taken one after the other. */
  items: Promise<void>;
}

/** An engine that is not started yet: that happens with the first request. */
export function openEngine(settings: EngineSettings): Engine {
  const client = new EngineClient(settings);
  return {
    run: (request, signal, listeners) => client.run(request, signal, listeners ?? {}),
    state: () => client.state,
    processId: () => client.process?.pid,
    renew: () => client.renew(),
    close: () => client.close(),
  };
}

const noDevice = { provider: null, precision: 'float32', fallbackReason: null, deviceName: null } as const;

class EngineClient {
  state: EngineState = { state: 'off', ...noDevice };
  process: ChildProcess | undefined;
  readonly #settings: EngineSettings;
  #call: Call | undefined;
  #lastId = 0;
  /** The process was started with what does not hold any more. */
  #isStale = false;

  constructor(settings: EngineSettings) {
    this.#settings = settings;
  }

  async run(request: NewEngineRequest, signal: AbortSignal, listeners: EngineListeners): Promise<EngineResult> {
    if (this.#call) throw new Error('The engine takes one request at a time.');
    signal.throwIfAborted();
    const child = this.process ?? this.#start();
    const id = ++this.#lastId;
    const watch = this.#watch(child);
    const kill = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', kill, { once: true });
    try {
      return await new Promise<EngineResult>((resolve, reject) => {
        this.#call = { id, listeners, resolve, reject, items: Promise.resolve(), watch };
        this.#setState({ state: 'busy' });
        child.stdin!.write(`${JSON.stringify({ id, request })}\n`);
        listeners.onStart?.((control) => void child.stdin!.write(`${JSON.stringify({ id, control })}\n`));
      });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', kill);
      watch.end();
      this.#call = undefined;
      if (this.process) this.#setState({ state: 'ready' });
      if (this.#isStale) this.renew();
    }
  }

  /** At once, or when what it works at is done. */
  renew(): void {
    this.#isStale = this.#call !== undefined;
    if (!this.#isStale && this.process) this.#abandon();
  }

  async close(): Promise<void> {
    const child = this.process;
    if (!child) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  #start(): ChildProcess {
    const { nodeFile, entryFile, resourcesFolder, onLog, environment } = this.#settings;
    const child = spawn(nodeFile, ['--disable-warning=ExperimentalWarning', entryFile, resourcesFolder], {
      stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true, env: environment?.(),
      // Ctrl+C in a terminal is for whoever started the engine, not for the engine: a pause needs it alive
      detached: process.platform !== 'win32',
    });
    this.process = child;
    this.#setState({ state: 'starting' });
    createInterface({ input: child.stdout! }).on('line', (line) => this.#hear(line));
    createInterface({ input: child.stderr! }).on('line', onLog);
    // writing to a process that has just died; 'close' tells what happened
    child.stdin!.on('error', () => undefined);
    child.on('error', (error) => this.#ended(child, `it could not be started: ${error.message}`));
    child.on('close', (code, killedBy) => this.#ended(child, killedBy ? `killed by ${killedBy}` : `exit code ${code}`));
    return child;
  }

  #hear(line: string): void {
    const report = parseReport(line);
    if (!report) return this.#settings.onLog(line);
    const call = this.#call;
    if (report.type === 'ready' || !call || report.id !== call.id) return;
    call.watch.heard();
    switch (report.type) {
      case 'provider':
        return this.#setState({
          provider: report.provider, precision: report.precision, fallbackReason: report.fallbackReason,
          deviceName: report.deviceName,
        });
      case 'progress':
        return call.listeners.onProgress?.(report.progress, report.lossPoints);
      case 'note':
        return call.listeners.onNote?.(report.sentence);
      case 'item':
        call.items = call.items.then(() => call.listeners.onItem?.(report.item));
        // what cannot be kept, e.g. on a full disk, need not be computed to the end
        call.items.catch((error: unknown) => {
          call.reject(error);
          if (this.#call === call) this.#abandon();
        });
        return;
      case 'done':
        call.watch.end();
        return void call.items.then(() => call.resolve(report.result), call.reject);
      case 'failed':
        call.watch.end();
        this.#settings.onLog(report.stack);
        return void call.items.then(() => call.reject(reviveError(report.error)), call.reject);
    }
  }

  /** Ends one that hangs, as if it had died by itself. */
  #watch(child: ChildProcess): EngineWatch {
    const { limits = usualLimits } = this.#settings;
    if (child.pid === undefined) return { heard: () => undefined, end: () => undefined };
    return watchEngine(child.pid, limits, () => {
      const minutes = Math.round((limits.everyMs * limits.looks) / 60_000);
      this.#ended(child, `it did not answer and computed nothing for ${minutes} minutes`);
      child.kill('SIGKILL');
    });
  }

  /** Kills an engine that computes for nobody; the next request starts another. */
  #abandon(): void {
    const child = this.process;
    this.process = undefined;
    child?.kill('SIGKILL');
    this.#setState({ state: 'off', ...noDevice });
  }

  #ended(child: ChildProcess, reason: string): void {
    if (this.process !== child) return;
    this.process = undefined;
    this.#setState({ state: this.#call ? 'stopped' : 'off', ...noDevice });
    const call = this.#call;
    if (call) void call.items.then(() => call.reject(engineStopped(reason)), call.reject);
  }

  #setState(change: Partial<EngineState>): void {
    this.state = { ...this.state, ...change };
    this.#settings.onState(this.state);
  }
}

function parseReport(line: string): EngineReport | undefined {
  try {
    return engineReportSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function engineStopped(reason: string): UserError {
  return new UserError('engine.stopped', {
    what: `The engine stopped in the middle of its work (${reason}).`,
    safe: 'Your photos are untouched, and what was finished before is kept.',
    todo: 'Try again. If it stops again, close programs that need much memory or choose smaller settings.',
  }, { reason });
}
