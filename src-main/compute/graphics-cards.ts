// Which graphics cards this machine has, as the system tells without a graphics library: name, driver and memory where
// they can be had. Nothing here decides anything; a card that is not found may still serve.

import { execFile } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';

export interface GraphicsCard {
  readonly name: string;
  /** '' where it is not told. */
  readonly driver: string;
  readonly memoryBytes: number | null;
}

/** How the system is asked: a program's output, or '' where it is not there, fails or takes too long. */
export type AskProgram = (program: string, parameters: readonly string[]) => Promise<string>;

const timeLimitMs = 5000;

const askProgram: AskProgram = (program, parameters) => new Promise((resolve) => {
  execFile(program, parameters, { timeout: timeLimitMs, windowsHide: true, encoding: 'utf8' }, (error, output) => {
    resolve(error ? '' : output);
  });
});

/** The most capable first, as far as their memory tells. Never throws. */
export async function graphicsCards(
  platform: NodeJS.Platform = process.platform, ask: AskProgram = askProgram, sysFolder = '/sys/class/drm',
): Promise<GraphicsCard[]> {
  const nvidia = platform === 'darwin' ? [] : await nvidiaCards(ask);
  const others = platform === 'win32' ? await windowsCards(ask)
    : platform === 'darwin' ? await macCards(ask) : await linuxCards(sysFolder);
  const isKnown = (card: GraphicsCard): boolean => nvidia.some(({ name }) => name.includes(card.name)
    || card.name.includes(name) || /nvidia/i.test(card.name));
  const all = [...nvidia, ...others.filter((card) => nvidia.length === 0 || !isKnown(card))];
  return all.sort((a, b) => (b.memoryBytes ?? 0) - (a.memoryBytes ?? 0));
}

async function nvidiaCards(ask: AskProgram): Promise<GraphicsCard[]> {
  const query = '--query-gpu=name,driver_version,memory.total';
  const text = await ask('nvidia-smi', [query, '--format=csv,noheader,nounits']);
  return linesOf(text).flatMap((line) => {
    const [name, driver, mebibytes] = line.split(',').map((part) => part.trim());
    return name && driver ? [{ name, driver, memoryBytes: bytesOf(mebibytes, 2 ** 20) }] : [];
  });
}

/** The registry knows more than 4 GiB, which Win32_VideoController does not. */
async function windowsCards(ask: AskProgram): Promise<GraphicsCard[]> {
  const place = 'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\Class\\{4d36e968-e325-11ce-bfc1-08002be10318}\\0*';
  const query = `Get-ItemProperty '${place}' -ErrorAction SilentlyContinue | ForEach-Object { `
    + "$_.DriverDesc + '|' + $_.DriverVersion + '|' + $_.'HardwareInformation.qwMemorySize' }";
  const text = await ask('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', query]);
  return linesOf(text).flatMap((line) => {
    const [name, driver, bytes] = line.split('|').map((part) => part.trim());
    return name ? [{ name, driver: driver ?? '', memoryBytes: bytesOf(bytes, 1) }] : [];
  });
}

/** Apple's chips share the machine's memory, so that none is told as theirs. */
async function macCards(ask: AskProgram): Promise<GraphicsCard[]> {
  const text = await ask('system_profiler', ['SPDisplaysDataType', '-json']);
  try {
    const { SPDisplaysDataType: found } = JSON.parse(text) as { SPDisplaysDataType: Record<string, string>[] };
    return found.map((card) => ({
      name: card['sppci_model'] ?? card['_name'] ?? '', driver: card['spdisplays_mtlgpufamilysupport'] ?? '',
      memoryBytes: bytesOf(/^(\d+) GB$/.exec(card['spdisplays_vram'] ?? '')?.[1], 2 ** 30),
    })).filter(({ name }) => name !== '');
  } catch {
    return [];
  }
}

const vendors: Readonly<Record<string, string>> = { '0x10de': 'NVIDIA', '0x1002': 'AMD', '0x8086': 'Intel' };

async function linuxCards(folder: string): Promise<GraphicsCard[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^card\d+$/.test(name)).sort();
  const cards = await Promise.all(names.map(async (name): Promise<GraphicsCard | undefined> => {
    const read = async (file: string): Promise<string> => (
      (await readFile(path.join(folder, name, 'device', file), 'utf8').catch(() => '')).trim());
    const vendor = vendors[await read('vendor')];
    if (!vendor) return undefined;
    const driver = /^DRIVER=(.*)$/m.exec(await read('uevent'))?.[1] ?? '';
    const memoryBytes = bytesOf(await read('mem_info_vram_total'), 1);
    return { name: `${vendor} graphics ${await read('device')}`, driver, memoryBytes };
  }));
  return cards.filter((card) => card !== undefined);
}

function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== '');
}

function bytesOf(text: string | undefined, unit: number): number | null {
  const number = Number(text);
  return text && Number.isFinite(number) && number > 0 ? number * unit : null;
}
