// A page's state that has read a studio of the test, in a browser or behind a desktop's bridge.

import type { StudioBridge } from '../../src-main/contract/studio.ts';
import type { DesktopClient } from '../../src-renderer/ipc/desktop.ts';
import { Workspace } from '../../src-renderer/state/workspace.svelte.ts';
import { handClock, settle, testStudio, type TestStudio } from './test-client.ts';

/** A workspace that has read everything of a studio with these answers. */
export async function started(
  changes: Parameters<typeof testStudio>[0] = {}, desktop: DesktopClient | null = null,
): Promise<{ workspace: Workspace; studio: TestStudio }> {
  const studio = testStudio(changes);
  const workspace = new Workspace(studio.client, { schedule: handClock().schedule, desktop });
  workspace.start();
  await settle();
  return { workspace, studio };
}

/** The requests of a command, in order. */
export function asked({ calls }: TestStudio, command: string): Record<string, unknown>[] {
  return calls.filter((call) => call.command === command).map(({ request }) => request);
}

/** A desktop's bridge that answers nothing but what the test says. */
export function bridge(changes: Partial<StudioBridge>): StudioBridge {
  return { call: async () => ({ ok: true, result: {} }), subscribe: () => () => undefined, ...changes };
}
