// A folder in the place of Electron's own, for machines that cannot have its binary: packaging runs to its end and all
// that is ours can be looked at. What comes out does not start. The file in the binary's place has Electron's fuse
// wire, so that the fuses are really flipped.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where @electron/fuses finds the wire. */
const fuseSentinel = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';
/** Version 1, nine fuses, each as Electron ships it: '1' on, '0' off. */
const fuseWire = Buffer.concat([Buffer.from(fuseSentinel), Buffer.from([1, 9]), Buffer.from('101100011')]);

/** Writes the folder for this platform. */
export function writeElectronFolder(folder: string, platform: NodeJS.Platform): void {
  mkdirSync(join(folder, 'locales'), { recursive: true });
  const name = platform === 'win32' ? 'electron.exe' : 'electron';
  const says = Buffer.from('#!/bin/sh\necho "This copy was packed without Electron and does not start." >&2\nexit 1\n');
  writeFileSync(join(folder, name), Buffer.concat([says, fuseWire]), { mode: 0o755 });
  for (const locale of ['en-US', 'zh-CN', 'de']) writeFileSync(join(folder, 'locales', `${locale}.pak`), '');
  writeFileSync(join(folder, 'LICENSE'), 'Electron’s licence comes with Electron.\n');
}
