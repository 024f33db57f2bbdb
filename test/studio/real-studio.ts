// The studio with the project's own resources and a real engine, on a library of the test's own.

import { join } from 'node:path';
import { type Studio, type StudioSettings, openStudio } from '../../src-main/studio/open-studio.ts';

export const projectRoot = join(import.meta.dirname, '..', '..');
export const projectResources = join(projectRoot, 'resources');

/** Opens it; `changes` are the settings in which a test differs. */
export async function openRealStudio(libraryFolder: string, changes: Partial<StudioSettings> = {}): Promise<Studio> {
  return await openStudio({
    libraryFolder, resourcesFolder: projectResources, nodeFile: process.execPath,
    engineFile: join(projectRoot, 'src-main', 'compute', 'engine.ts'), version: '0.0.1', ...changes,
  });
}
