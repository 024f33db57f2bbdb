// What is said when CUDA's libraries cannot be fetched, or are of no use on this machine.

import { UserError } from '../contract/errors.ts';
import type { ModelLicense } from '../contract/models.ts';

const meanwhile = 'WebGPU or the processor does the work meanwhile.';

export const nothingToFetch = (note: string): UserError => new UserError('machine.cuda-nothing', {
  what: `There is nothing to fetch. ${note}`, safe: meanwhile, todo: 'Nothing needs to be done.',
}, { note });

export const licenseOpen = ({ id, name }: ModelLicense): UserError => new UserError('machine.cuda-license', {
  what: `The licence of NVIDIA’s libraries (${name}) has not been accepted.`, safe: 'Nothing was fetched.',
  todo: `Read it and accept it first (on the command line: likeness machine cuda --get --accept-license ${id}).`,
}, { name, id });

export const driverTooOld = (found: number, needed: number, major: number): UserError => (
  new UserError('machine.cuda-driver', {
    what: `NVIDIA’s driver on this machine is ${found}; CUDA ${major} needs ${needed} or newer.`,
    safe: `What has come so far is kept. ${meanwhile}`,
    todo: 'Install a newer driver from your distribution or NVIDIA, start the machine again, and go on.',
  }, { found, needed, major }));

export const unknownCuda = (name: string): UserError => new UserError('machine.cuda-unknown', {
  what: `ONNX Runtime’s CUDA provider needs ${name}, and this Likeness does not know where that is published.`,
  safe: meanwhile, todo: 'Look whether there is a newer Likeness, or install CUDA and cuDNN from NVIDIA yourself.',
}, { name });

export const libraryMissing = (library: string, packageName: string): UserError => (
  new UserError('machine.cuda-library', {
    what: `The package ${packageName} does not hold ${library}, which is needed.`,
    safe: `What has come so far is kept. ${meanwhile}`,
    todo: 'Look whether there is a newer Likeness, or install CUDA and cuDNN from NVIDIA yourself.',
  }, { library, packageName }));

export const cudaInUse = (): UserError => new UserError('machine.cuda-in-use', {
  what: 'The engine computes with CUDA’s libraries now.', safe: 'Nothing was changed.',
  todo: 'Pause the queue or wait until the work is done, then remove them.',
});

export const fetchedElsewhere = (processId: number): UserError => new UserError('machine.cuda-busy', {
  what: `Another Likeness (process ${processId}) is fetching CUDA’s libraries.`, safe: 'Nothing was changed.',
  todo: 'Wait until it is done, or pause it there.',
}, { processId });
