// Why a pickle was not read, before the file's name is known; torch-errors.ts makes it a message for people.

/** 'unsafe': it names what a model file has no use for. 'unsupported': sound, but of a kind that is not read here. */
export type PickleProblem = 'damaged' | 'unsafe' | 'unsupported' | 'dtype';

export class PickleError extends Error {
  override readonly name = 'PickleError';
  readonly problem: PickleProblem;

  /** `reason` completes "because ..."; for 'unsafe' and 'dtype' it is the name that the file mentions. */
  constructor(problem: PickleProblem, reason: string) {
    super(reason);
    this.problem = problem;
  }
}

export function damaged(reason: string): never {
  throw new PickleError('damaged', reason);
}

/** The bytes ended inside a pickle: cut off, or more of the file must be read. */
export class PickleEndError extends PickleError {
  constructor() {
    super('damaged', 'its pickle ends in the middle');
  }
}

/** A name of the file, short enough to show. */
export function shown(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
