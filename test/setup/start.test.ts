// `npm start` where no window can be opened: the studio in the browser, with its address printed, until it is stopped.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

test('without a display it serves the studio, says so, and stops when it is told to', async (context) => {
  context.skip(process.platform !== 'linux', 'other systems always have a display, and would open the app');
  const home = mkdtempSync(join(tmpdir(), 'likeness-start-'));
  const env: NodeJS.ProcessEnv = { ...process.env, HOME: home, XDG_DATA_HOME: home, APPDATA: home };
  for (const name of ['DISPLAY', 'WAYLAND_DISPLAY']) delete env[name];
  const child = spawn(process.execPath, [join(root, 'setup.mjs'), 'start'], { cwd: home, env, stdio: 'pipe' });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  try {
    let output = '';
    const address = await new Promise<string>((resolve, reject) => {
      const take = (chunk: Buffer): void => {
        output += chunk.toString('utf8');
        const found = /http:\/\/127\.0\.0\.1:\d+\/\S*/.exec(output)?.[0];
        if (found !== undefined) resolve(found);
      };
      child.stdout.on('data', take);
      child.stderr.on('data', take);
      child.on('exit', (code) => reject(new Error(`It ended with ${code} after:\n${output}`)));
    });
    expect(output).toMatch(/in the browser.*no display/);
    expect((await fetch(new URL('/', address))).status).toBe(404);
    const welcome = await fetch(address);
    const cookie = welcome.headers.get('set-cookie')?.split(';')[0] ?? '';
    const page = await fetch(new URL('/', address), { headers: { cookie } });
    expect([page.status, /id="studio"/.test(await page.text())]).toEqual([200, true]);
    expect((await fetch(address)).status, 'the token is good for one browser').toBe(404);
  } finally {
    child.kill('SIGTERM');
    await ended;
    rmSync(home, { recursive: true, force: true });
  }
});
