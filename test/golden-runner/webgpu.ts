// Whether WebGPU can run here. On a machine without a GPU a software Vulkan driver serves: SwiftShader as Debian's
// chromium-common ships it, found through VK_ICD_FILENAMES, with libvulkan1 as the loader.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { SkippedCase } from './case.ts';

const softwareDriver = '/usr/lib/chromium/vk_swiftshader_icd.json';

/**
 * Makes the WebGPU provider usable in this process, or throws SkippedCase with the reason why it is not.
 * A child process tries first: a driver that crashes must not take the runner with it.
 */
export async function prepareWebgpu(): Promise<void> {
  if (process.platform === 'linux' && !process.env['VK_ICD_FILENAMES'] && existsSync(softwareDriver)) {
    process.env['VK_ICD_FILENAMES'] = softwareDriver;
  }
  const probe = fileURLToPath(new URL('webgpu-probe.ts', import.meta.url));
  const result = spawnSync(process.execPath, [probe], { encoding: 'utf8', timeout: 60_000 });
  if (result.status === 0) return;
  const reason = (result.stderr ?? '').trim().split('\n').find((line) => line.startsWith('reason: '))?.slice(8);
  const ended = result.signal ?? String(result.status);
  throw new SkippedCase(`no WebGPU adapter: ${reason ?? `the driver ended the process (${ended})`}`);
}
