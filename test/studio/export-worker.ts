// A studio of its own that exports portraits and is killed when so many are written.
//   node export-worker.ts LIBRARY COUNT PORTRAIT...

import type { PortraitId } from '../../src-main/contract/ids.ts';
import { openRealStudio } from './real-studio.ts';

const [libraryFolder, count, ...portraitIds] = process.argv.slice(2);
const studio = await openRealStudio(libraryFolder!);
studio.subscribe((event) => {
  if (event.type === 'job-progress' && event.progress.step === Number(count)) process.kill(process.pid, 'SIGKILL');
});
await studio.run('portraits.export', { portraitIds: portraitIds as PortraitId[] });
