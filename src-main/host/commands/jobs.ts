// `likeness jobs`: what the queue has done, does and will do, and putting it in order. Only `run` works on it; the
// other words start nothing.

import { Argument, type Command } from 'commander';
import { UserError } from '../../contract/errors.ts';
import type { JobId } from '../../contract/ids.ts';
import type { Job } from '../../contract/work.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { libraryFolderOf, withStudio } from '../open-host-studio.ts';
import { type CommonOptions, addCommonOptions } from '../options.ts';
import { waitFor } from '../steps.ts';
import { errorText, progressDisplay } from '../terminal.ts';
import { type Outcome, runCommand } from './run-command.ts';

const actions = ['list', 'run', 'pause', 'resume', 'cancel', 'retry', 'finish', 'reorder', 'clear'] as const;
type Action = (typeof actions)[number];

/** How many job ids each word takes at least and at most. */
const arity: Readonly<Record<Action, readonly [least: number, most: number]>> = {
  list: [0, 0], run: [0, 0], pause: [0, 1], resume: [0, 1], cancel: [1, 1], retry: [1, 1], finish: [1, 1],
  reorder: [1, 2], clear: [0, Infinity],
};

export function addJobsCommand(program: Command): void {
  const command = program.command('jobs')
    .description('list the jobs of the queue, and put it in order')
    .addArgument(new Argument('[action]', 'what to do').choices(actions).default('list'))
    .argument('[jobs...]', 'ids, or how they begin');
  addCommonOptions(command);
  command.addHelpText('after', `
list                what was done, what is done and what waits, the newest first
run                 work until nothing waits; Ctrl+C leaves the rest to the next time
pause [JOB]         start nothing more until resume; with a job, only that one waits
resume [JOB]        let the queue, or the job, go on
cancel JOB          take it out; what it has finished is kept
retry JOB           put a failed or cancelled job back; what it has finished is not done again
finish JOB          end a teach job early: its best snapshot becomes the look
reorder JOB [JOB2]  put a waiting job in front of JOB2, or at the end
clear [JOB...]      take jobs that have ended off the list; portraits and looks stay`);
  command.action((action: Action, ids: string[], options: CommonOptions) => {
    const [least, most] = arity[action];
    if (ids.length < least) command.error(`error: "jobs ${action}" needs a job`);
    if (ids.length > most) command.error(`error: "jobs ${action}" takes ${most === 0 ? 'no job' : `${most} at most`}`);
    return runCommand(options, () => withStudio(
      libraryFolderOf(options.library), (studio) => runJobs(studio, action, ids), { isIdle: action !== 'run' }));
  });
}

async function runJobs(studio: Studio, action: Action, words: readonly string[]): Promise<Outcome> {
  const before = await studio.run('jobs.list', {});
  const ids = words.map((word) => findJob(before, word).id);
  if (action === 'run') await workOff(studio);
  else if (action !== 'list') await change(studio, action, ids, before);
  const jobs = await studio.run('jobs.list', {});
  const { isQueuePaused } = await studio.run('studio.state', {});
  const subjects = await studio.run('subjects.list', {});
  const nameOf = ({ subjectId }: Job): string => subjects.find(({ id }) => id === subjectId)?.name ?? '';
  return {
    document: { isQueuePaused, jobs: jobs.map((job) => ({ ...job, subject: nameOf(job) })) },
    text: [...(isQueuePaused ? ['The queue is paused.'] : []), ...jobLines(jobs, nameOf)].join('\n'),
  };
}

async function change(
  studio: Studio, action: Exclude<Action, 'list' | 'run'>, ids: readonly JobId[], jobs: readonly Job[],
): Promise<void> {
  const [jobId, beforeJobId = null] = ids;
  if (action === 'clear') {
    const jobIds = jobId ? [...ids] : jobs.filter(hasEnded).map(({ id }) => id);
    if (jobIds.length > 0) await studio.run('jobs.clear', { jobIds });
  } else if (!jobId) await studio.run('queue.pause', { isPaused: action === 'pause' });
  else if (action === 'reorder') await studio.run('jobs.reorder', { jobId, beforeJobId });
  else await studio.run(`jobs.${action}`, { jobId });
}

function hasEnded({ state }: Job): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

/** Waits for one job after the other; one that fails does not keep the others from running. */
async function workOff(studio: Studio): Promise<void> {
  const display = progressDisplay(process.stderr);
  const next = async (): Promise<Job | undefined> => {
    const jobs = await studio.run('jobs.list', {});
    return jobs.find(({ state }) => state === 'running')
      ?? jobs.filter(({ state }) => state === 'waiting').sort((a, b) => a.position - b.position)[0];
  };
  for (let job = await next(); job; job = await next()) {
    display.note(job.title);
    await waitFor(studio, job, display).catch((error: unknown) => {
      if (error instanceof UserError && error.code === 'jobs.queue-paused') throw error;
      display.note(errorText(error, false).trim());
    });
  }
}

function findJob(jobs: readonly Job[], word: string): Job {
  const found = jobs.filter(({ id }) => id === word || (word.length >= 4 && id.startsWith(word)));
  if (found.length === 1) return found[0]!;
  throw new UserError('jobs.unknown', {
    what: found.length === 0 ? `There is no job "${word}".` : `More than one job begins with "${word}".`,
    safe: 'Nothing was changed.',
    todo: 'Look at the list of jobs again: likeness jobs',
  }, { job: word });
}

/** One line a job: id, state, how far, what, whose; below it what came of it or why it failed. */
function jobLines(jobs: readonly Job[], nameOf: (job: Job) => string): string[] {
  if (jobs.length === 0) return ['There are no jobs.'];
  const width = Math.max(...jobs.map(({ title }) => title.length));
  return jobs.flatMap((job) => [
    [
      job.id.slice(0, 8), job.state.padEnd(9), (job.items > 0 ? `${job.itemsDone}/${job.items}` : '').padStart(9),
      job.title.padEnd(width), nameOf(job),
    ].join('  ').trimEnd(),
    ...[outcomeWords(job), job.error && `${job.error.what} ${job.error.todo}`].flatMap((words) =>
      (words ? [`${' '.repeat(10)}${words}`] : [])),
  ]);
}

function outcomeWords({ outcome }: Job): string {
  if (outcome?.kind !== 'import') return '';
  const { added, known, refusedCount } = outcome;
  return `${added} added, ${known} known before, ${refusedCount} refused`;
}
