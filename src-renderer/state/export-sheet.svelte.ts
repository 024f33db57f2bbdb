// What a look is to be written as for another program, and the file that came of it. Small files are written as soon
// as they are chosen; a whole model only when asked, because it takes its time and its space.

import { errorDataOf } from '../../src-main/contract/error-data.ts';
import type { ErrorData, Look } from '../../src-main/contract/nouns.ts';
import type { ExportFormat, ExportPrecision } from '../../src-main/contract/settings.ts';
import type { CommandResponse } from '../../src-main/contract/studio.ts';
import type { StudioClient } from '../ipc/client.ts';

export type ExportedLook = CommandResponse<'looks.export'>;

export class ExportSheet {
  format = $state<ExportFormat>('kohya');
  precision = $state<ExportPrecision>('float16');
  file = $state.raw<ExportedLook | null>(null);
  error = $state.raw<ErrorData | null>(null);
  isWriting = $state(false);
  /** Where the desktop put the file, for reading. */
  place = $state<string | null>(null);
  #client: StudioClient;
  #look: Look;
  /** Counts choices, so that an answer to an earlier one is let go. */
  #turn = 0;

  /** Whether the file is a whole model. */
  isWholeModel = $derived.by(() => this.format === 'checkpoint' || this.#look.method === 'dreambooth');

  constructor(client: StudioClient, look: Look) {
    this.#client = client;
    this.#look = look;
    this.format = look.exportFormats[0] ?? 'kohya';
  }

  /** Takes another format or precision. */
  async choose(choice: { format?: ExportFormat; precision?: ExportPrecision }): Promise<void> {
    this.format = choice.format ?? this.format;
    this.precision = choice.precision ?? this.precision;
    this.#turn++;
    this.file = null;
    this.error = null;
    this.place = null;
    this.isWriting = false;
    if (!this.isWholeModel) await this.write();
  }

  /** Has the file written; afterwards there is a file or an error. */
  async write(): Promise<void> {
    const turn = ++this.#turn;
    this.isWriting = true;
    this.error = null;
    const { format, precision } = this;
    try {
      const file = await this.#client.call('looks.export', { adapterId: this.#look.id, format, precision });
      if (turn === this.#turn) this.file = file;
    } catch (thrown) {
      if (turn === this.#turn) this.error = errorDataOf(thrown);
    } finally {
      if (turn === this.#turn) this.isWriting = false;
    }
  }
}
