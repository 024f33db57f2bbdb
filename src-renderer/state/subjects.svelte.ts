// The people of the library, and which of them is on the page.

import type { SubjectId } from '../../src-main/contract/ids.ts';
import type { ClassWord, Subject } from '../../src-main/contract/nouns.ts';
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

  async create(name: string, classWord: ClassWord, hasConsent: boolean): Promise<Subject> {
    const subject = await this.#client.call('subjects.create', { name, classWord, hasConsent });
    this.upsert(subject);
    return subject;
  }

  async change(
    subjectId: SubjectId,
    change: { name?: string; hasConsent?: boolean; classWord?: ClassWord },
  ): Promise<void> {
    this.upsert(await this.#client.call('subjects.change', { subjectId, ...change }));
  }

  async remove(subjectId: SubjectId): Promise<void> {
    await this.#client.call('subjects.remove', { subjectId });
    this.drop(subjectId);
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
