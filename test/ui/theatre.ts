// A browser, the built page and a stage for the tests of one file: each test opens its own scene in a fresh profile,
// and what the page complained of fails the test.

import { rm } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { buildPage, openBrowser, openPage, type WatchedPage } from './browser.ts';
import { openStage, type Scene, type Stage } from './stage.ts';

export interface OpenOptions {
  readonly size?: { width: number; height: number };
  /** Runs in the page before anything of ours. */
  readonly script?: string;
}

export interface Theatre {
  open(scene: Scene, options?: OpenOptions): Promise<WatchedPage>;
  /** The stage of the scene that was opened last. */
  readonly stage: Stage;
  /** What went wrong on it; see openPage. */
  readonly complaints: string[];
  /** What the page asked for by this command in the scene that was opened last. */
  asked<Request = Record<string, unknown>>(command: string): Request[];
}

/** Call inside describe. With `mayComplain` a test may look at the complaints itself. */
export function useTheatre({ mayComplain = false } = {}): Theatre {
  let browser: Browser | undefined;
  let pageFolder = '';
  let opened: (WatchedPage & { readonly stage: Stage }) | undefined;

  beforeAll(async () => {
    pageFolder = await buildPage();
    browser = await openBrowser();
  });
  afterEach(async () => {
    if (!mayComplain) expect(opened?.complaints ?? []).toEqual([]);
    await opened?.page.context().close();
    await opened?.stage.server.close();
    opened = undefined;
  });
  afterAll(async () => {
    await browser?.close();
    await rm(pageFolder, { recursive: true, force: true });
  });

  return {
    get stage() {
      return opened!.stage;
    },
    get complaints() {
      return opened!.complaints;
    },
    async open(scene, { size, script } = {}) {
      const stage = await openStage(scene, pageFolder);
      opened = { stage, ...await openPage(browser!, stage.server.url, size, script) };
      return opened;
    },
    asked: <Request>(command: string) =>
      opened!.stage.calls.filter((call) => call.command === command).map(({ request }) => request as Request),
  };
}
