// The people of the library, and which of them is on the page.

import type { SubjectId } from '../../src-main/contract/ids.ts';
import type { ErasureReceipt } from '../../src-main/contract/keeping.ts';
import type { Subject } from '../../src-main/contract/nouns.ts';
import type { CommandRequest } from '../../src-main/contract/studio.ts';
import type { StudioClient } from '../ipc/client.ts';

export class Subjects {
  list = $state.raw<Subject[]>([]);
  /** Whether the list has been read: before that an empty one says nothing. */
  isLoaded = $state(false);
  currentId = $state<SubjectId | null>(null);
  current = $derived(this.list.find((subject) => subject.id === this.currentId) ?? null);
  #client: StudioClient;

  constructor(client: StudioClient) {
    this.#client = client;
  }

  /** Reads all subjects; keeps the current one if it is still there, else takes the first. */
  async load(): Promise<void> {
    this.list = await this.#client.call('subjects.list', {});
    if (!this.current) this.currentId = this.list[0]?.id ?? null;
    this.isLoaded = true;
  }

  async create(added: CommandRequest<'subjects.create'>): Promise<Subject> {
    const subject = await this.#client.call('subjects.create', added);
    this.upsert(subject);
    return subject;
  }

  async change(
    subjectId: SubjectId, change: Omit<CommandRequest<'subjects.change'>, 'subjectId'>,
  ): Promise<void> {
    this.upsert(await this.#client.call('subjects.change', { subjectId, ...change }));
  }

  /** Removes somebody for good and gives the receipt of what went. */
  async remove(subjectId: SubjectId, keepPortraits: boolean): Promise<ErasureReceipt> {
    const receipt = await this.#client.call('subjects.remove', { subjectId, keepPortraits });
    this.drop(subjectId);
    return receipt;
  }

  upsert(subject: Subject): void {
    const index = this.list.findIndex((each) => each.id === subject.id);
    this.list = index < 0 ? [...this.list, subject] : this.list.with(index, subject);
  }

  drop(subjectId: SubjectId): void {
    this.list = this.list.filter((subject) => subject.id !== subjectId);
    if (this.currentId === subjectId) this.currentId = this.list[0]?.id ?? null;
  }
}
