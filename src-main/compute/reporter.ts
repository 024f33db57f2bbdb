// How a handler tells the studio what it is doing: progress at most a few times a second with the time left from the
// pace so far, losses gathered in between, results one by one.

import type { EngineReport, EngineResult, NewEngineItem, NewEngineReport } from '../contract/engine.ts';
import type { LossPoint } from '../contract/nouns.ts';
import type { Progress } from '../contract/work.ts';

/** What is told of the provider that does the work. */
type ToldProvider = Pick<
  Extract<EngineReport, { type: 'provider' }>, 'provider' | 'precision' | 'fallbackReason' | 'deviceName'>;

export interface Reporter {
  provider(chosen: ToldProvider): void;
  /** Enters a phase of `steps` steps, 0 while the number is unknown, of which `done` were done earlier. */
  phase(phase: Progress['phase'], steps: number, done?: number): void;
  /** Steps of this phase that are done. `loss` where this step has one. */
  step(done: number, loss?: number): void;
  /** Losses of earlier steps. */
  losses(points: readonly LossPoint[]): void;
  item(item: NewEngineItem): void;
  /** Says what was done otherwise than asked. */
  note(sentence: string): void;
  done(result: EngineResult): void;
}

const leastIntervalMs = 200;

/** A reporter for the request `id`. `now` is in milliseconds. */
export function reporterFor(
  id: number, say: (report: NewEngineReport) => void, now: () => number = () => performance.now(),
): Reporter {
  let progress: Progress = { phase: 'starting', step: 0, steps: 0, loss: null, etaSeconds: null };
  let phaseStartMs = now();
  let phaseStart = 0;
  let lastSentMs = -Infinity;
  let lossPoints: LossPoint[] = [];
  const send = (): void => {
    say({ type: 'progress', id, progress, lossPoints });
    lossPoints = [];
    lastSentMs = now();
  };
  return {
    provider: ({ provider, precision, fallbackReason, deviceName }) =>
      say({ type: 'provider', id, provider, precision, fallbackReason, deviceName }),
    phase(phase, steps, done = 0) {
      progress = { phase, step: done, steps, loss: null, etaSeconds: null };
      phaseStartMs = now();
      phaseStart = done;
      send();
    },
    step(done, loss) {
      if (loss !== undefined) lossPoints.push({ step: done, loss });
      const own = done - phaseStart;
      const secondsEach = (now() - phaseStartMs) / 1000 / Math.max(1, own);
      const etaSeconds = progress.steps > 0 && own > 0 ? secondsEach * (progress.steps - done) : null;
      progress = { ...progress, step: done, loss: loss ?? progress.loss, etaSeconds };
      if (now() - lastSentMs >= leastIntervalMs || done === progress.steps) send();
    },
    losses(points) {
      lossPoints.push(...points);
      send();
    },
    item: (item) => say({ type: 'item', id, item }),
    note: (sentence) => say({ type: 'note', id, sentence }),
    done: (result) => say({ type: 'done', id, result }),
  };
}
