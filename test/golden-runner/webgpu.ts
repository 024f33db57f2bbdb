// Whether WebGPU can run here. On a machine without a GPU a software Vulkan driver serves, with libvulkan1 as the
// loader: Mesa's lavapipe from version 25 on (float16, quick), or SwiftShader as Debian's chromium-common ships it.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { SkippedCase } from './case.ts';

/** The better first; of Mesa the one that this processor can run is installed. */
const softwareDrivers = [
  '/usr/share/vulkan/icd.d/lvp_icd.json', '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json',
  '/usr/lib/chromium/vk_swiftshader_icd.json',
] as const;

/**
 * Makes the WebGPU provider usable in this process, or throws SkippedCase with the reason why it is not.
 * A child process tries first: a driver that crashes must not take the runner with it.
 */
export async function prepareWebgpu(): Promise<void> {
  const isFree = process.platform === 'linux' && !process.env['VK_ICD_FILENAMES'];
  const drivers = isFree ? softwareDrivers.filter((file) => existsSync(file)) : [];
  let reason = tryDriver(process.env['VK_ICD_FILENAMES'] ?? drivers[0]);
  for (const driver of drivers.slice(1)) if (reason) reason = tryDriver(driver);
  if (reason) throw new SkippedCase(`no WebGPU adapter: ${reason}`);
}

/** Chooses the driver; why it does not serve, or undefined where it does. */
function tryDriver(driver: string | undefined): string | undefined {
  if (driver) process.env['VK_ICD_FILENAMES'] = driver;
  const probe = fileURLToPath(new URL('webgpu-probe.ts', import.meta.url));
  const result = spawnSync(process.execPath, [probe], { encoding: 'utf8', timeout: 60_000 });
  if (result.status === 0) return undefined;
  const reason = (result.stderr ?? '').trim().split('\n').find((line) => line.startsWith('reason: '))?.slice(8);
  return reason ?? `the driver ended the process (${result.signal ?? String(result.status)})`;
}
