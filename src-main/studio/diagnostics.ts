// The text of a report of a problem. Only what is named here is in it: numbers, versions and codes; no name, no path,
// no prompt and no picture can get in, because nothing that could hold one is read.

import { arch, cpus, platform, release, totalmem } from 'node:os';
import type { StudioContext } from './context.ts';

export async function diagnosticsText({ library, engine, packs, version }: StudioContext): Promise<string> {
  const { provider, language, faceEngine } = library.settings.get();
  const { state, provider: used } = engine.state();
  const counts = library.traces.all();
  const backups = await library.backups.list();
  const check = library.facts.lastCheck();
  const jobs = library.jobs.list();
  const codes = [...new Set(jobs.flatMap(({ error }) => (error ? [error.code] : [])))].sort();
  const lines: readonly (readonly [what: string, value: string | number])[] = [
    ['Likeness', version],
    ['System', `${platform()} ${arch()} ${release()}`],
    ['Node', process.versions.node],
    ['Processor cores', cpus().length],
    ['Memory', `${(totalmem() / 2 ** 30).toFixed(1)} GiB`],
    ['Provider', `${provider} asked, ${used ?? 'none yet'} in use, engine ${state}`],
    ['Face engine', faceEngine],
    ['Language', language],
    ['Models', packs.list().length],
    ['Subjects, photos, looks, portraits',
      [counts.subjects, counts.photos, counts.looks, counts.portraits].join(', ')],
    ['Jobs that failed', jobs.filter((job) => job.state === 'failed').length],
    ['Codes of their errors', codes.join(', ') || 'none'],
    ['Backups', backups.length],
    ['Last check', check
      ? `${check.filesChecked} files, ${check.missing} missing, ${check.damaged} damaged, database `
        + (check.isDatabaseSound ? 'sound' : 'not sound')
      : 'none'],
    ['Mended at start', library.facts.recovery()?.from ?? 'nothing'],
  ];
  return lines.map(([what, value]) => `${what}: ${value}`).join('\n');
}
