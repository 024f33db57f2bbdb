// What each system says of its graphics cards, and that nothing that it says or leaves out breaks anything.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type AskProgram, graphicsCards } from '../../src-main/compute/graphics-cards.ts';

const answering = (answers: Readonly<Record<string, string>>): AskProgram => async (program) => answers[program] ?? '';
const nowhere = join(tmpdir(), 'likeness-no-such-folder');

test('NVIDIA’s own program names card, driver and memory; the largest comes first', async () => {
  const cards = await graphicsCards('linux', answering({
    'nvidia-smi': 'NVIDIA GeForce RTX 3060, 560.35.03, 12288\nNVIDIA H100 80GB HBM3, 560.35.03, 81559\n',
  }), nowhere);
  expect(cards).toEqual([
    { name: 'NVIDIA H100 80GB HBM3', driver: '560.35.03', memoryBytes: 81559 * 2 ** 20 },
    { name: 'NVIDIA GeForce RTX 3060', driver: '560.35.03', memoryBytes: 12288 * 2 ** 20 },
  ]);
});

test('Linux tells vendor, driver and memory of AMD’s cards in files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-cards-'));
  for (const [name, vendor, memory] of [['card0', '0x1002', '17163091968'], ['card1', '0x1234', '']] as const) {
    const device = join(folder, name, 'device');
    await mkdir(device, { recursive: true });
    await writeFile(join(device, 'vendor'), `${vendor}\n`);
    await writeFile(join(device, 'device'), '0x744c\n');
    await writeFile(join(device, 'uevent'), 'DRIVER=amdgpu\nPCI_CLASS=30000\n');
    if (memory) await writeFile(join(device, 'mem_info_vram_total'), `${memory}\n`);
  }
  const cards = await graphicsCards('linux', answering({}), folder);
  expect(cards).toEqual([{ name: 'AMD graphics 0x744c', driver: 'amdgpu', memoryBytes: 17163091968 }]);
  await rm(folder, { recursive: true });
});

test('Windows’ registry knows more than four gigabytes, and names NVIDIA’s card no second time', async () => {
  const answers = {
    'powershell.exe': 'NVIDIA GeForce RTX 4090|32.0.15.6094|25757220864\r\n'
      + 'AMD Radeon(TM) Graphics|31.0.1|536870912\r\n',
  };
  expect(await graphicsCards('win32', answering(answers), nowhere)).toEqual([
    { name: 'NVIDIA GeForce RTX 4090', driver: '32.0.15.6094', memoryBytes: 25757220864 },
    { name: 'AMD Radeon(TM) Graphics', driver: '31.0.1', memoryBytes: 536870912 },
  ]);
  const both = { ...answers, 'nvidia-smi': 'NVIDIA GeForce RTX 4090, 560.94, 24564' };
  const names = (await graphicsCards('win32', answering(both), nowhere)).map(({ name }) => name);
  expect(names).toEqual(['NVIDIA GeForce RTX 4090', 'AMD Radeon(TM) Graphics']);
});

test('Apple’s chips share the machine’s memory', async () => {
  const card = { sppci_model: 'Apple M3 Max', spdisplays_mtlgpufamilysupport: 'Metal 3' };
  const text = JSON.stringify({ SPDisplaysDataType: [card] });
  expect(await graphicsCards('darwin', answering({ system_profiler: text }), nowhere))
    .toEqual([{ name: 'Apple M3 Max', driver: 'Metal 3', memoryBytes: null }]);
});

const platforms = ['linux', 'win32', 'darwin'] as const;
test.each(platforms)('%s without any answer, or with nonsense, has no card', async (platform) => {
  expect(await graphicsCards(platform, answering({}), nowhere)).toEqual([]);
  const nonsense = { 'nvidia-smi': 'NVIDIA-SMI has failed', 'powershell.exe': '\r\n', system_profiler: '{"x":' };
  expect(await graphicsCards(platform, answering(nonsense), nowhere)).toEqual([]);
});
