// The sheet that saves portraits as picture files: what kind, how large, with or without settings; and the job that
// writes them. On the desktop the folder is asked for first; a browser downloads when the file is ready.

import type { JobId, PortraitId } from '../../src-main/contract/ids.ts';
import type { PictureFormat } from '../../src-main/contract/settings.ts';
import type { Job } from '../../src-main/contract/work.ts';
import type { StudioClient } from '../ipc/client.ts';

const maximumCount = 10_000;

export class PortraitSaving {
  /** What is to be saved; null: the sheet is closed. */
  portraitIds = $state.raw<readonly PortraitId[] | null>(null);
  format = $state<PictureFormat>('png');
  quality = $state(92);
  /** Null: as large as it is. */
  longEdgePx = $state<number | null>(null);
  withSettings = $state(false);
  fileName = $state('portrait-{number}');
  jobId = $state<JobId | null>(null);
  /** Where the desktop put the files, for reading. */
  place = $state<string | null>(null);
  /** The folder that was chosen on the desktop. */
  #ticket: string | null = null;
  #client: StudioClient;

  isNameRight = $derived(/^[^/\\:*?"<>|]{1,100}$/.test(this.fileName.trim()));
  isEdgeRight = $derived(this.longEdgePx === null
    || (Number.isInteger(this.longEdgePx) && this.longEdgePx >= 64 && this.longEdgePx <= 16_384));

  constructor(client: StudioClient) {
    this.#client = client;
  }

  open(portraitIds: readonly PortraitId[]): void {
    if (portraitIds.length === 0) return;
    this.portraitIds = portraitIds.slice(0, maximumCount);
    this.jobId = null;
    this.place = null;
  }

  close(): void {
    this.portraitIds = null;
  }

  /** Name of the first file, as the pattern gives it. */
  get example(): string {
    const endings: Record<PictureFormat, string> = { png: 'png', jpeg: 'jpg', webp: 'webp' };
    const filled = this.fileName.trim().replace('{number}', '001').replace('{seed}', '1234567')
      .replace('{style}', 'style').replace('{date}', '2026-11-26');
    return `${filled}.${endings[this.format]}`;
  }

  /** Queues the writing; `ticket` is the folder for it on the desktop. */
  async start(ticket: string | null): Promise<Job | null> {
    if (!this.portraitIds) return null;
    this.#ticket = ticket;
    this.place = null;
    const job = await this.#client.call('portraits.export', {
      portraitIds: [...this.portraitIds], format: this.format, quality: this.quality, longEdgePx: this.longEdgePx,
      withSettings: this.withSettings, fileName: this.fileName.trim(),
    });
    this.jobId = job.id;
    return job;
  }

  /** The folder that waits for this job's files, once; undefined where this job is not of the sheet. */
  takeTicket(jobId: JobId): string | null | undefined {
    if (jobId !== this.jobId) return undefined;
    const ticket = this.#ticket;
    this.#ticket = null;
    return ticket;
  }
}
