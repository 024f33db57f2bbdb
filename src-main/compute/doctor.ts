// Says what this machine has to compute with, from trials rather than from lists.

import { createRequire } from 'node:module';
import { availableParallelism, totalmem } from 'node:os';
import type { DoctorResult } from '../contract/engine.ts';
import type { ProviderChooser } from './provider-choice.ts';

export async function doctor(chooser: ProviderChooser): Promise<DoctorResult> {
  const providers: DoctorResult['providers'] = [];
  for (const name of ['cpu', 'webgpu'] as const) {
    const { works, reason, durationMs } = await chooser.trial(name);
    providers.push({ name, works, reason, durationMs });
  }
  return {
    kind: 'doctor', providers, nodeVersion: process.versions.node, onnxRuntimeVersion: onnxRuntimeVersion(),
    processorCores: availableParallelism(), memoryBytes: totalmem(),
  };
}

function onnxRuntimeVersion(): string {
  const manifest = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  return manifest.version;
}
