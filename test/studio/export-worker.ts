// A studio of its own that exports portraits and is killed when so many are written.
//   node export-worker.ts LIBRARY COUNT PORTRAIT...

import path from 'node:path';
import type { PortraitId } from '../../src-main/contract/ids.ts';
import { openStudio } from '../../src-main/studio/open-studio.ts';

const root = path.join(import.meta.dirname, '..', '..');
const [libraryFolder, count, ...portraitIds] = process.argv.slice(2);
const studio = await openStudio({
  libraryFolder: libraryFolder!, resourcesFolder: path.join(root, 'resources'), nodeFile: process.execPath,
  engineFile: path.join(root, 'src-main', 'compute', 'engine.ts'), version: '0.0.1',
});
studio.subscribe((event) => {
  if (event.type === 'job-progress' && event.progress.step === Number(count)) process.kill(process.pid, 'SIGKILL');
});
await studio.run('portraits.export', { portraitIds: portraitIds as PortraitId[] });
