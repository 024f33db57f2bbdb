// What this machine computes with: providers, how each did on its trials, and the libraries that CUDA needs.

import type { CudaLibraries } from '../../src-main/contract/cuda.ts';
import type { MachineReport, OperatorTrial, ProviderReport } from '../../src-main/contract/machine.ts';
import type { StudioClient } from '../ipc/client.ts';

export type CudaAct = 'get' | 'pause' | 'remove';

const cudaCommands = {
  get: 'machine.getCudaLibraries', pause: 'machine.pauseCudaLibraries', remove: 'machine.removeCudaLibraries',
} as const;

export class Machine {
  report = $state.raw<MachineReport | null>(null);
  cuda = $state.raw<CudaLibraries | null>(null);
  /** Providers are being tried. */
  isExamining = $state(false);
  #client: StudioClient;

  constructor(client: StudioClient) {
    this.#client = client;
  }

  /** Reads what was last found; what was never tried is tried, which takes a while. */
  async load(): Promise<void> {
    await Promise.all([this.examine(false), this.#readCuda()]);
  }

  async examine(isAnew: boolean): Promise<void> {
    if (this.isExamining) return;
    this.isExamining = true;
    try {
      this.report = await this.#client.call('machine.examine', { isAnew });
    } finally {
      this.isExamining = false;
    }
  }

  /** Does something with the libraries that CUDA needs; how far it is comes by events. */
  async actOnCuda(act: CudaAct): Promise<void> {
    await this.#takeAnswer(this.#client.call(cudaCommands[act], {}));
  }

  /** Reads again how they stand, as their licences may have been accepted. */
  async reloadCuda(): Promise<void> {
    await this.#readCuda();
  }

  takeCuda(libraries: CudaLibraries): void {
    this.cuda = libraries;
  }

  async #readCuda(): Promise<void> {
    await this.#takeAnswer(this.#client.call('machine.cudaLibraries', {}));
  }

  /** An event that came before the answer is newer than it. */
  async #takeAnswer(asked: Promise<CudaLibraries>): Promise<void> {
    const before = this.cuda;
    const answer = await asked;
    if (this.cuda === before) this.cuda = answer;
  }
}

/** How many operators a provider computes right, and how many it was tried on. */
export function countRight({ operators }: ProviderReport): { right: number; refused: number; bad: number } {
  const of = (...outcomes: OperatorTrial['outcome'][]): number =>
    operators.filter(({ outcome }) => outcomes.includes(outcome)).length;
  return { right: of('right'), refused: of('refused'), bad: of('wrong', 'crashed') };
}

export interface OperatorRow {
  readonly operator: string;
  readonly float32: OperatorTrial | null;
  readonly float16: OperatorTrial | null;
}

/** One row an operator, those that are not right first. */
export function operatorRows({ operators }: ProviderReport): OperatorRow[] {
  const rows = [...Map.groupBy(operators, ({ operator }) => operator)].map(([operator, trials]) => {
    const of = (precision: OperatorTrial['precision']): OperatorTrial | null =>
      trials.find((trial) => trial.precision === precision) ?? null;
    return { operator, float32: of('float32'), float16: of('float16') };
  });
  const isRight = ({ float32, float16 }: OperatorRow): boolean =>
    [float32, float16].every((trial) => trial === null || trial.outcome === 'right');
  return [...rows.filter((row) => !isRight(row)), ...rows.filter(isRight)];
}
