// Bytes of an open file, and why an archive was not read, before the file's name is known.

export interface FileBytes {
  readonly sizeBytes: number;
  /** Exactly these bytes. Throws a UserError where the file ends sooner. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

export class ZipError extends Error {
  override readonly name = 'ZipError';
  readonly problem: 'damaged' | 'truncated' | 'unsupported';

  /** `reason` completes "because ...". */
  constructor(reason: string, problem: ZipError['problem'] = 'damaged') {
    super(reason);
    this.problem = problem;
  }
}
