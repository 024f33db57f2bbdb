// Runs a measurement in a process of its own, so that its peak memory is its own.

import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** Largest memory at one moment: the process' own, and mapped weights, which the system may take back. */
export interface PeakMemory {
  anonymousBytes: number;
  mappedBytes: number;
}

/** Runs a Node program; what it prints is JSON. Memory is sampled ten times a second, on Linux only: elsewhere 0. */
export async function measuredProcess<T>(
  file: string, settings: object, environment: Readonly<Record<string, string>> = {},
): Promise<T & PeakMemory> {
  const child = spawn(process.execPath, [file, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...environment },
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text; });
  const memory: PeakMemory = { anonymousBytes: 0, mappedBytes: 0 };
  const watch = setInterval(() => void sampleMemory(child.pid!, memory), 100);
  const code = await new Promise<number | null>((resolve) => { child.once('close', resolve); });
  clearInterval(watch);
  if (code !== 0) throw new Error(`The measurement ended with ${code}.`);
  return { ...JSON.parse(output) as T, ...memory };
}

/** Takes down what a process holds now where that is more than before. */
export async function sampleMemory(pid: number, peak: PeakMemory): Promise<void> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const bytes = (name: string): number => 1024 * Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
  const now = { anonymousBytes: bytes('RssAnon'), mappedBytes: bytes('RssFile') };
  const isHigher = now.anonymousBytes + now.mappedBytes > peak.anonymousBytes + peak.mappedBytes;
  if (isHigher) Object.assign(peak, now);
}
