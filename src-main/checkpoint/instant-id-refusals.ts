// The refusals of files that are to draw a face beside a checkpoint: InstantID's ip-adapter and its IdentityNet.

import path from 'node:path';

import { UserError } from '../contract/errors.ts';
import type { FileKind } from './architecture.ts';
import { quote } from './file-errors.ts';
import { titleOf } from './refusals.ts';

const untouched = 'The file was only read and nothing was changed.';

/** What a file should be, as a person finds it named where InstantID is published. */
export type InstantIdPart = 'ip-adapter' | 'identity-net';

const titles: Readonly<Record<InstantIdPart, string>> = {
  'ip-adapter': 'InstantID\'s adapter', 'identity-net': 'InstantID\'s IdentityNet',
};

const publishedNames: Readonly<Record<InstantIdPart, string>> = {
  'ip-adapter': 'ip-adapter.bin', 'identity-net': 'ControlNetModel',
};

/** A file or folder of something else. */
export function notInstantId(file: string, part: InstantIdPart, kind: FileKind): UserError {
  return new UserError('instant-id.wrong-file', {
    what: `${quote(file)} is ${titleOf(kind)}, not ${titles[part]}.`,
    safe: untouched,
    todo: `Choose what InstantID's makers published as ${publishedNames[part]}.`,
  }, { file: path.basename(file), part, kind });
}

/** An adapter of IP-Adapter's own or of another face network. */
export function otherImageAdapter(file: string, reason: string): UserError {
  return new UserError('instant-id.other-adapter', {
    what: `${quote(file)} is an image adapter, but not InstantID's: ${reason}.`,
    safe: untouched,
    todo: 'Choose the ip-adapter.bin that was published with InstantID.',
  }, { file: path.basename(file), reason });
}

/** A sound network whose sizes do not meet the checkpoint's. `reason` completes "because ...". */
export function otherNetwork(file: string, part: InstantIdPart, reason: string): UserError {
  return new UserError('instant-id.other-network', {
    what: `${quote(file)} was made for another network than this checkpoint's: ${reason}.`,
    safe: untouched,
    todo: `Choose an SDXL checkpoint, and what InstantID's makers published as ${publishedNames[part]}.`,
  }, { file: path.basename(file), part, reason });
}

/** A checkpoint of a family that InstantID was not made for. */
export function needsSdxl(checkpoint: string, architecture: string): UserError {
  return new UserError('instant-id.needs-sdxl', {
    what: `InstantID draws with SDXL checkpoints; ${quote(checkpoint)} is another kind (${architecture}).`,
    safe: 'Nothing was changed.',
    todo: 'Choose an SDXL checkpoint, or teach this one from a few photos.',
  }, { file: path.basename(checkpoint), architecture });
}

/** A graph reads its weights in place from one drive, and takes from others only what can be fed to it. */
export function otherDrive(file: string, checkpoint: string): UserError {
  return new UserError('instant-id.other-drive', {
    what: `${quote(file)} is on another drive than ${quote(checkpoint)}, and in bfloat16 it cannot be read from there.`,
    safe: 'Nothing was changed.',
    todo: 'Copy one of them to the drive of the other, or choose its float16 edition.',
  }, { file: path.basename(file), checkpoint: path.basename(checkpoint) });
}
