// What this machine computes with. Trying every operator of every provider takes a while, so that what was found is
// kept until the system, a driver or Likeness itself is another.

import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { arch, platform, release } from 'node:os';
import type { MachineReport } from '../contract/machine.ts';
import type { Handlers, StudioContext } from './context.ts';

export function machineCommands(context: StudioContext): Handlers<'machine.examine'> {
  let running: Promise<MachineReport> | undefined;
  const examineOnce = (): Promise<MachineReport> => {
    running ??= examine(context).finally(() => { running = undefined; });
    return running;
  };
  return {
    'machine.examine': async ({ isAnew }) => {
      const kept = isAnew ? undefined : await lastReport(context);
      return kept ?? await examineOnce();
    },
  };
}

/** What was found when this machine was last examined as it is now; undefined where it never was. */
export async function lastReport(context: StudioContext): Promise<MachineReport | undefined> {
  return context.library.providerTrials.get(await keyOf(context));
}

/** In an engine of its own, so that one that is busy for hours need not be waited for. */
async function examine(context: StudioContext): Promise<MachineReport> {
  const { provider, precision } = context.library.settings.get();
  const result = await context.runApart({ kind: 'doctor', provider, precision });
  if (result.kind !== 'doctor') throw new Error('The engine answered a doctor request with something else.');
  const { kind: _kind, ...report } = result;
  context.library.providerTrials.set(await keyOf(context), report, Date.now());
  return report;
}

/** Of what a trial's outcome hangs on, as far as it can be had without a graphics library. */
async function keyOf({ version, library, cuda }: StudioContext): Promise<string> {
  const { provider, precision } = library.settings.get();
  const read = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');
  const list = async (folder: string): Promise<string> => (await readdir(folder).catch(() => [])).sort().join();
  const facts = [
    version, process.versions.node, platform(), arch(), release(), provider, precision,
    await read('/proc/driver/nvidia/version'), await read('/sys/module/amdgpu/version'),
    await list('/sys/class/drm'), await list('/usr/share/vulkan/icd.d'), await list('/etc/vulkan/icd.d'),
    cuda.environment()?.['LD_LIBRARY_PATH'] ?? '',
  ];
  return createHash('sha256').update(facts.join('\n')).digest('hex');
}
