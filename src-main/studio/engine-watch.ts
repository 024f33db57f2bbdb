// Whether an engine at work still works. Silence alone says nothing: one call of a network of real size takes minutes,
// on a weak machine many, and no word comes before it ends. But it computes meanwhile, on the processor itself or by
// feeding a graphics card. So only an engine that was silent and used no processor time at each of many looks hangs.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface WatchLimits {
  readonly everyMs: number;
  /** Looks in a row that find it silent and idle. They are counted, as a computer that slept is only looked at once. */
  readonly looks: number;
}

/**
 * Half an hour: longer than a graphics card may compute by itself in one call, where drivers give up after seconds,
 * and than a slow disk takes to answer.
 */
export const usualLimits: WatchLimits = { everyMs: 60_000, looks: 30 };

/** Of one core. At rest none is used; to hand the thousands of kernels of a network to a graphics card takes more. */
const leastShare = 1 / 600;

export interface EngineWatch {
  /** It has said something. */
  heard(): void;
  end(): void;
}

/** Calls `onHanging` once. Where nobody says what the process uses, it counts as working. */
export function watchEngine(processId: number, limits: WatchLimits, onHanging: () => void): EngineWatch {
  const leastSeconds = (limits.everyMs / 1000) * leastShare;
  let [idleLooks, isHeard, usedSeconds]: [number, boolean, number | undefined] = [0, true, undefined];
  let timer: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    const now = await processorSeconds(processId);
    const isIdle = now !== undefined && usedSeconds !== undefined && now - usedSeconds < leastSeconds;
    idleLooks = isIdle && !isHeard ? idleLooks + 1 : 0;
    [isHeard, usedSeconds] = [false, now];
    if (timer === undefined) return;
    if (idleLooks < limits.looks) wait();
    else onHanging();
  };
  const wait = (): void => {
    timer = setTimeout(() => void look(), limits.everyMs).unref();
  };
  wait();
  return {
    heard: () => { isHeard = true; },
    end() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

/** What a process has used of all processor cores since it began, in seconds; undefined where nobody says. */
export async function processorSeconds(processId: number): Promise<number | undefined> {
  try {
    if (process.platform === 'linux') return secondsOfStat(await readFile(`/proc/${processId}/stat`, 'utf8'));
    const [program, words] = process.platform === 'win32'
      ? ['powershell.exe', ['-NoProfile', '-NonInteractive', '-Command',
        `[int64](Get-Process -Id ${processId}).TotalProcessorTime.TotalMilliseconds`]] as const
      : ['ps', ['-o', 'time=', '-p', String(processId)]] as const;
    const { stdout } = await promisify(execFile)(program, words, { windowsHide: true, timeout: 20_000 });
    return process.platform === 'win32' ? secondsOfNumber(stdout, 1000) : secondsOfClock(stdout);
  } catch {
    return undefined;
  }
}

/** Fields 14 and 15 of proc_pid_stat(5), in hundredths of a second; the name before them may have spaces. */
function secondsOfStat(text: string): number | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return secondsOfNumber(String(Number(fields[11]) + Number(fields[12])), 100);
}

function secondsOfNumber(text: string, perSecond: number): number | undefined {
  const number = Number(text.trim() || NaN);
  return Number.isFinite(number) ? number / perSecond : undefined;
}

/** As ps writes it: 1-02:03:04, 2:03:04 or 3:04.56. */
export function secondsOfClock(text: string): number | undefined {
  const [, days = '0', clock = ''] = /^(?:(\d+)-)?([\d:.]+)$/.exec(text.trim()) ?? [];
  const seconds = clock.split(':').reduce((sum, part) => sum * 60 + Number(part || NaN), 0);
  return clock !== '' && Number.isFinite(seconds) ? Number(days) * 86_400 + seconds : undefined;
}
