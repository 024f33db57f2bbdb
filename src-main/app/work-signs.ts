// Shows the queue outside the window: the bar on the task bar at most four times a second, the percentage in the
// title, a computer that stays awake exactly while a job runs, and one notification when long work ends.

import type { StudioEvent } from '../contract/studio.ts';
import type { Job } from '../contract/work.ts';
import type { DesktopWords } from './words.ts';
import type { Bar, WorkWatch } from './work-watch.ts';

/** What the system does for us; a test plays it. */
export interface SignSystem {
  nowMs(): number;
  /** Calls back once, later; the answer takes it back. */
  later(milliseconds: number, call: () => void): () => void;
  showBar(bar: Bar): void;
  setTitle(title: string): void;
  /** Keeps the computer from sleeping; the answer lets it again. The screen may go dark. */
  stayAwake(): () => void;
  /** Whether the user sees the window now. */
  isLookedAt(): boolean;
  notify(notice: Notice): void;
  words(): DesktopWords;
  wantsNotices(): boolean;
}

/** Says nothing of who or what: other people see the screen too. */
export interface Notice {
  readonly title: string;
  readonly body: string;
  readonly jobId: string;
}

export interface WorkSigns {
  see(event: StudioEvent): void;
  /** Shows what the watch says now. */
  refresh(): void;
  /** Lets the computer sleep and takes the bar away. */
  close(): void;
}

export const shortestBarIntervalMs = 250;

export function openWorkSigns(watch: WorkWatch, system: SignSystem): WorkSigns {
  let letSleep: (() => void) | undefined;
  const show = throttled(system, () => {
    const bar = watch.bar();
    system.showBar(bar);
    system.setTitle(bar.mode === 'normal' ? `${Math.floor(bar.fraction * 100)} % · Likeness` : 'Likeness');
  });
  const refresh = (): void => {
    if (watch.isWorking()) letSleep ??= system.stayAwake();
    else {
      letSleep?.();
      letSleep = undefined;
    }
    show.soon();
  };
  return {
    see(event) {
      const ended = watch.see(event, system.nowMs());
      if (ended && system.wantsNotices() && !system.isLookedAt()) system.notify(noticeOf(ended, system.words()));
      if (event.type.startsWith('job-') || event.type === 'queue-state') refresh();
    },
    refresh,
    close() {
      letSleep?.();
      letSleep = undefined;
      show.cancel();
      system.showBar({ fraction: -1, mode: 'none' });
    },
  };
}

/** Runs at once, then at most once an interval; the last call is never lost. */
function throttled(system: SignSystem, run: () => void): { soon(): void; cancel(): void } {
  let lastMs = -Infinity;
  let takeBack: (() => void) | undefined;
  const now = (): void => {
    takeBack = undefined;
    lastMs = system.nowMs();
    run();
  };
  return {
    soon() {
      if (takeBack) return;
      const waitMs = lastMs + shortestBarIntervalMs - system.nowMs();
      if (waitMs <= 0) now();
      else takeBack = system.later(waitMs, now);
    },
    cancel() {
      takeBack?.();
      takeBack = undefined;
    },
  };
}

/** What a notification says of a job that ended: its kind and how much, never whose. */
export function noticeOf(job: Job, { notice }: DesktopWords): Notice {
  if (job.state === 'failed') return { title: notice.failed, body: notice.failedBody, jobId: job.id };
  const bodies: Record<Job['kind'], string> = {
    create: notice.portraits(job.itemsDone), teach: notice.tryIt, analyze: '', import: notice.files(job.itemsDone),
    export: notice.files(job.itemsDone),
  };
  return { title: notice.done[job.kind], body: bodies[job.kind], jobId: job.id };
}
