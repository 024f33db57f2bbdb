// What happened in a teach job, one line an event: what its snapshots tell, and what this page saw for itself.
// Phases and pauses are kept for as long as the page is open; the rest is there after a reload too.

import type { JobId } from '../../src-main/contract/ids.ts';
import type { Snapshot } from '../../src-main/contract/nouns.ts';
import type { Job, Progress } from '../../src-main/contract/work.ts';

export type RunEvent =
  | { readonly kind: 'queued' }
  | { readonly kind: 'phase'; readonly phase: Progress['phase'] }
  | { readonly kind: 'asked'; readonly request: 'pause' | 'finish' }
  | { readonly kind: 'state'; readonly state: Job['state']; readonly step: number | null }
  | { readonly kind: 'note'; readonly sentence: string }
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot };

export interface RunLine {
  readonly timeMs: number;
  readonly event: RunEvent;
}

/** Phases that come again at every snapshot, which has a line of its own. */
const passing: readonly Progress['phase'][] = ['previewing', 'measuring', 'saving'];

export class RunLog {
  #seen = $state.raw<Readonly<Record<string, readonly RunLine[]>>>({});
  #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Notes what changed in a job from one look at it to the next. */
  observe(before: Job | undefined, after: Job): void {
    if (after.kind !== 'teach' || !before) return;
    const { state, request, resumeStep } = after;
    if (request && request !== before.request) this.#add(after.id, { kind: 'asked', request });
    // the begin and the end of a job carry their own times
    if (state !== before.state && after.endedAtMs === null) {
      this.#add(after.id, { kind: 'state', state, step: resumeStep });
    }
    const phase = after.progress?.phase;
    if (phase && phase !== before.progress?.phase && !passing.includes(phase) && !this.#wasPhase(after.id, phase)) {
      this.#add(after.id, { kind: 'phase', phase });
    }
  }

  /** Notes something that was done otherwise than asked. */
  note(jobId: JobId, sentence: string): void {
    this.#add(jobId, { kind: 'note', sentence });
  }

  /** Every line of a job, the newest first. */
  of(job: Job, snapshots: readonly Snapshot[]): RunLine[] {
    const taken = snapshots.map((snapshot): RunLine =>
      ({ timeMs: snapshot.createdAtMs, event: { kind: 'snapshot', snapshot } }));
    const lines: RunLine[] = [
      { timeMs: job.createdAtMs, event: { kind: 'queued' } },
      ...(this.#seen[job.id] ?? []),
      ...taken,
    ];
    if (job.endedAtMs !== null) {
      lines.push({ timeMs: job.endedAtMs, event: { kind: 'state', state: job.state, step: job.resumeStep } });
    }
    return lines.sort((a, b) => a.timeMs - b.timeMs).reverse();
  }

  /** Whether this phase has a line since the job began to run. */
  #wasPhase(jobId: JobId, phase: Progress['phase']): boolean {
    const lines = this.#seen[jobId] ?? [];
    const start = lines.findLastIndex(({ event }) => event.kind === 'state' && event.state === 'running');
    return lines.slice(start + 1).some(({ event }) => event.kind === 'phase' && event.phase === phase);
  }

  #add(jobId: JobId, event: RunEvent): void {
    const lines = this.#seen[jobId] ?? [];
    this.#seen = { ...this.#seen, [jobId]: [...lines, { timeMs: this.#now(), event }] };
  }
}
