// Errors that a person can act on, as data that survives a process boundary.
// Each says three things: what happened, what is safe, what to do.

export interface UserErrorText {
  /** What happened, one sentence. */
  readonly what: string;
  /** What is safe: what was not touched or is kept. */
  readonly safe: string;
  /** What to do next. */
  readonly todo: string;
}

export type UserErrorParameters = Readonly<Record<string, string | number>>;

/** An error that its user can act on; `code` is stable and unique, e.g. 'photos.no-face'. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly code: string;
  readonly text: UserErrorText;
  readonly parameters: UserErrorParameters;

  constructor(code: string, text: UserErrorText, parameters: UserErrorParameters = {}) {
    super(`${text.what} ${text.safe} ${text.todo}`);
    this.code = code;
    this.text = text;
    this.parameters = parameters;
  }
}
