// The process that a test kills while it fetches CUDA's libraries.
// Started as: cuda-fetcher.ts FOLDER ADDRESS

import { openTestCuda } from './opened-cuda.ts';

const [folder, to] = process.argv.slice(2) as [string, string];
const { service } = await openTestCuda(folder, { mirrors: [{ from: 'api.nuget.org', to }, { from: 'pypi.org', to }] });
await service.get();
await service.settled();
