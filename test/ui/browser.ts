// A real Chromium for tests, found on this machine, and the page built afresh for it. The page has nothing but our own
// loopback server to talk to, and everything that it should not do is written down.

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { copyOfBuiltPage } from './built-page.ts';

const candidates = [
  process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable', '/opt/google/chrome/chrome', '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
];

/** Where a Chromium is; undefined when this machine has none, and then the tests of this folder are skipped. */
export const chromiumPath = candidates.find((each) => each !== undefined && existsSync(each));
export const browserName = chromiumPath ? 'in Chromium' : 'in Chromium: skipped, none was found on this machine';

/** The page as its sources are now, in a temporary folder; the caller removes it. */
export async function buildPage(): Promise<string> {
  return await copyOfBuiltPage();
}

export async function openBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: chromiumPath!,
    headless: true,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
    ],
  });
}

export interface WatchedPage {
  readonly page: Page;
  /** What went wrong on the page: exceptions, console errors, policy violations, requests to anyone else. */
  readonly complaints: string[];
}

/** For expect.poll: as long as the page's own waits, because a machine may be busy with other things. */
export const patiently = { timeout: 30_000 };

export const largeWindow = { width: 1280, height: 800 };
export const smallWindow = { width: 1024, height: 680 };

/** Opens the address in a fresh profile, with a script before its own, and waits until it has read the studio. */
export async function openPage(
  browser: Browser, url: string, size = largeWindow, script?: string,
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: size, reducedMotion: 'reduce', acceptDownloads: true });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const complaints: string[] = [];
  const origin = new URL(url).origin;
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    // the page that takes the token is left before it could name an icon, so the browser asks for its usual one
    if (message.location().url.endsWith('/favicon.ico')) return;
    if (message.type() === 'error') complaints.push(`console: ${message.text()} ${message.location().url}`);
  });
  page.on('request', (request) => {
    // a picture that the page made itself
    if (request.url().startsWith(`blob:${origin}/`)) return;
    if (!request.url().startsWith(`${origin}/`)) complaints.push(`request: ${request.url()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
    });
  });
  if (script) await page.addInitScript({ content: script });
  await page.goto(url);
  await page.locator('header h1, main h1, main h2').first().waitFor();
  return { page, complaints };
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds wrong on the page as it stands, one line a finding. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const results = (await page.evaluate('axe.run(document, { resultTypes: ["violations"] })')) as AxeResults;
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} ${String(target)}: ${failureSummary ?? ''}`));
}

/**
 * Text that is cut off: elements whose content is wider than they are, except where an ellipsis and a title say so,
 * and anything that makes the page itself scroll sideways.
 */
export async function cutTexts(page: Page): Promise<string[]> {
  return await page.evaluate(() => {
    const isHidden = (element: Element): boolean => element.closest('.unseen, svg, [aria-hidden=true]') !== null;
    const cut = [...document.querySelectorAll<HTMLElement>('body *')].filter((element) => {
      if (isHidden(element) || element.clientWidth === 0) return false;
      const style = getComputedStyle(element);
      const isEllipsis = style.textOverflow === 'ellipsis';
      const isScroller = style.overflowX === 'auto' || style.overflowX === 'scroll';
      const isField = element.matches('input, textarea, select');
      if (isEllipsis || isField || (isScroller && element.matches('.strip'))) return false;
      return element.scrollWidth > element.clientWidth + 1 && style.display !== 'inline';
    });
    return cut.map((element) => `${element.tagName}.${element.className}: ${element.innerText?.slice(0, 60)}`);
  });
}

/** Makes every text about 40 % longer, as a wordier language would; returns how many texts that was. */
export async function lengthenTexts(page: Page): Promise<number> {
  return await page.evaluate(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts: Text[] = [];
    while (walker.nextNode()) texts.push(walker.currentNode as Text);
    const long = texts.filter(({ data }) => data.trim().length > 3);
    const words = 'längere '.repeat(20);
    for (const text of long) text.data += ` ${words.slice(0, Math.ceil(text.data.trim().length * 0.4))}`;
    return long.length;
  });
}
