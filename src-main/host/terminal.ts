// What the command line shows: progress on standard error (a bar where there is a terminal, a line now and then where
// there is none), the result on standard output, errors as what happened, what is safe, what to do.

import { errorDataOf } from '../contract/error-data.ts';
import type { Progress } from '../contract/work.ts';

const phaseWords: Readonly<Record<Progress['phase'], string>> = {
  starting: 'Starting', importing: 'Importing', exporting: 'Writing files', 'finding-faces': 'Looking for faces',
  'drawing-class': 'Drawing the class',
  preparing: 'Preparing', 'finding-words': 'Finding words', teaching: 'Teaching', previewing: 'Drawing previews',
  drawing: 'Drawing', 'redrawing-faces': 'Redrawing faces', upscaling: 'Upscaling',
  measuring: 'Measuring likeness', saving: 'Saving',
};

const barWidth = 24;

/** One line of progress, e.g. 'Teaching  [######------]  120/300  loss 0.081  2 min left'. */
export function progressLine({ phase, step, steps, loss, etaSeconds }: Progress): string {
  const parts = [phaseWords[phase].padEnd(18)];
  if (steps > 0) {
    const filled = Math.round((barWidth * Math.min(step, steps)) / steps);
    parts.push(`[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}]`, `${step}/${steps}`);
  }
  if (loss !== null) parts.push(`loss ${loss.toFixed(4)}`);
  if (etaSeconds !== null && step < steps) parts.push(`${durationWords(etaSeconds)} left`);
  return parts.join('  ');
}

export function durationWords(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** '1 portrait is' or '4 portraits are'. */
export function portraitsAre(count: number): string {
  return count === 1 ? '1 portrait is' : `${count} portraits are`;
}

export interface ProgressDisplay {
  show(progress: Progress): void;
  /** A sentence on a line of its own; the same one is said once. */
  note(sentence: string): void;
  end(): void;
}

/** Progress on a stream; the `lines` of a stream that is no terminal come at each tenth of a phase. */
export function progressDisplay(stream: NodeJS.WriteStream): ProgressDisplay {
  let isOnLine = false;
  let lastMark = '';
  const said = new Set<string>();
  const end = (): void => {
    if (isOnLine) stream.write('\n');
    isOnLine = false;
  };
  return {
    show(progress) {
      if (stream.isTTY) {
        stream.write(`\r\x1b[K${progressLine(progress).slice(0, (stream.columns || 80) - 1)}`);
        isOnLine = true;
        return;
      }
      const tenth = progress.steps > 0 ? Math.floor((10 * progress.step) / progress.steps) : 0;
      const mark = `${progress.phase} ${tenth}`;
      if (mark !== lastMark) stream.write(`${progressLine(progress)}\n`);
      lastMark = mark;
    },
    note(sentence) {
      if (said.has(sentence)) return;
      said.add(sentence);
      end();
      stream.write(`${sentence}\n`);
    },
    end,
  };
}

/** What went wrong, on three lines for a reader, or as one JSON document. */
export function errorText(error: unknown, asJson: boolean): string {
  const data = errorDataOf(error);
  if (asJson) return `${JSON.stringify({ error: data }, null, 2)}\n`;
  return `${data.what}\n${data.safe}\n${data.todo}\n`;
}
