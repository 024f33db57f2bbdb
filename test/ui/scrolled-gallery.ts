// Opens the gallery of a running studio in Chromium, scrolls it slowly, fast and in jumps, and prints as JSON how long
// the frames took, what the page's own thread did, and how large its process became. For npm run bench -- gallery.

import type { Browser, CDPSession, Page } from 'playwright-core';
import { type PeakMemory, sampleMemory } from '../bench/measured-process.ts';
import { openBrowser, openPage } from './browser.ts';

interface Settings {
  readonly url: string;
  readonly seconds: number;
}

interface Frames {
  readonly frames: number;
  readonly longestMs: number;
  readonly over50Ms: number;
}

interface Tasks {
  readonly longestTaskMs: number;
  readonly longestTaskCpuMs: number;
  readonly tasksOver50CpuMs: number;
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds by the clock, and of processor time. */
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

async function main({ url, seconds }: Settings): Promise<void> {
  const browser = await openBrowser();
  const peak: PeakMemory = { anonymousBytes: 0, mappedBytes: 0 };
  let watch: NodeJS.Timeout | undefined;
  try {
    const { page, complaints } = await openPage(browser, url);
    const pid = await rendererOf(browser);
    watch = setInterval(() => void sampleMemory(pid, peak), 100);
    const before = performance.now();
    await page.locator('header nav button').nth(3).click();
    await page.waitForFunction(() => document.querySelector('[data-tile] img.loaded') !== null);
    const openedMs = performance.now() - before;
    const runs: (Frames & Tasks & { name: string })[] = [];
    const run = async (name: string, act: () => Promise<void>): Promise<void> => {
      runs.push({ name, ...await whileDoing(browser, page, act) });
    };
    await run('scrolled slowly', () => scroll(page, 800, seconds));
    await run('scrolled fast', () => scroll(page, 6000, seconds));
    await run('in a fling', () => scroll(page, 40_000, seconds));
    await run('thirty jumps of the scroll bar', () => jump(page, 30));
    const settleMs = await untilSettled(page);
    const heapBytes = await heapOf(page);
    process.stdout.write(JSON.stringify({ openedMs, settleMs, runs, heapBytes, complaints, renderer: peak }));
  } finally {
    clearInterval(watch);
    await browser.close();
  }
}

async function rendererOf(browser: Browser): Promise<number> {
  const session: CDPSession = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  return processInfo.filter(({ type }) => type === 'renderer').sort((a, b) => b.cpuTime - a.cpuTime)[0]!.id;
}

async function heapOf(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  return (await session.send('Runtime.getHeapUsage')).usedSize;
}

/** Writes down every frame and every task while something is done. */
async function whileDoing(browser: Browser, page: Page, act: () => Promise<void>): Promise<Frames & Tasks> {
  await browser.startTracing(page, { categories: ['toplevel', '__metadata'] });
  await page.evaluate(() => {
    const watched = { frames: [] as number[], isOver: false };
    let last = 0;
    const follow = (now: number): void => {
      if (last > 0) watched.frames.push(now - last);
      last = now;
      if (!watched.isOver) requestAnimationFrame(follow);
    };
    requestAnimationFrame(follow);
    Object.assign(window, { watched });
  });
  await act();
  const frames = await page.evaluate(() => {
    const { watched } = window as unknown as { watched: { frames: number[]; isOver: boolean } };
    watched.isOver = true;
    return watched.frames;
  });
  return {
    frames: frames.length, longestMs: Math.max(...frames), over50Ms: frames.filter((each) => each > 50).length,
    ...tasksOf(await browser.stopTracing()),
  };
}

function tasksOf(trace: Buffer): Tasks {
  const { traceEvents } = JSON.parse(trace.toString('utf8')) as { traceEvents: TraceEvent[] };
  const isMain = ({ name, args }: TraceEvent): boolean => name === 'thread_name' && args?.name === 'CrRendererMain';
  const threads = new Set(traceEvents.filter(isMain).map(({ pid, tid }) => `${pid} ${tid}`));
  const tasks = traceEvents.filter(({ name, ph, pid, tid }) =>
    ph === 'X' && name.endsWith('RunTask') && threads.has(`${pid} ${tid}`));
  const cpuMs = tasks.map(({ tdur = 0 }) => tdur / 1000);
  return {
    longestTaskMs: Math.max(0, ...tasks.map(({ dur = 0 }) => dur / 1000)), longestTaskCpuMs: Math.max(0, ...cpuMs),
    tasksOver50CpuMs: cpuMs.filter((each) => each > 50).length,
  };
}

async function scroll(page: Page, pxPerSecond: number, seconds: number): Promise<void> {
  await page.evaluate(async ([speed, duration]) => {
    const main = document.querySelector('main')!;
    const start = performance.now();
    let last = start;
    await new Promise<void>((resolve) => {
      const step = (now: number): void => {
        main.scrollTop += (speed! * (now - last)) / 1000;
        last = now;
        if (now - start < duration! * 1000) requestAnimationFrame(step);
        else resolve();
      };
      requestAnimationFrame(step);
    });
  }, [pxPerSecond, seconds]);
}

async function jump(page: Page, times: number): Promise<void> {
  for (let each = 0; each < times; each++) {
    await page.evaluate((share) => {
      const main = document.querySelector('main')!;
      main.scrollTop = share * main.scrollHeight;
    }, (each * 0.618) % 1);
    await page.waitForTimeout(120);
  }
}

/** How long it takes after a jump until every picture on the screen has come. */
async function untilSettled(page: Page): Promise<number> {
  const before = performance.now();
  await page.evaluate(() => {
    const main = document.querySelector('main')!;
    main.scrollTop = main.scrollHeight * 0.37;
  });
  await page.waitForTimeout(30);
  await page.waitForFunction(() => {
    const shown = [...document.querySelectorAll('[data-tile]')].filter((tile) => {
      const { top, bottom } = tile.getBoundingClientRect();
      return bottom > 0 && top < innerHeight;
    });
    return shown.length > 0 && shown.every((tile) => tile.querySelector('img.loaded') !== null);
  });
  return performance.now() - before;
}

await main(JSON.parse(process.argv[2]!) as Settings);
