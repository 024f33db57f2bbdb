// What the doctor found, in lines for a terminal.

import type { MachineReport, OperatorTrial, ProviderReport } from '../contract/machine.ts';

/** With `allOperators` a line for each operator of each provider, else for those that are not right. */
export function machineLines(machine: MachineReport, allOperators: boolean): string[] {
  const { providers, why, processorCores, memoryBytes, freeMemoryBytes, graphicsMemoryBytes } = machine;
  const graphics = graphicsMemoryBytes === null ? '' : `, ${gibibytes(graphicsMemoryBytes)} on the graphics card`;
  const machineMemory = `${gibibytes(memoryBytes)} memory, ${gibibytes(freeMemoryBytes)} free`;
  return [
    `in use   ${machine.chosen}, ${machine.precision}. ${why}`,
    ...providers.flatMap((provider) => providerLines(provider, allOperators)),
    `${processorCores} processor cores, ${machineMemory}${graphics}`,
    `Node ${machine.nodeVersion}, ONNX Runtime ${machine.onnxRuntimeVersion}`,
  ];
}

function providerLines(provider: ProviderReport, allOperators: boolean): string[] {
  const { name, works, reason, todo, durationMs, device, driver, canHalf, operators } = provider;
  const title = name.padEnd(9);
  if (!works) return [`${title}does not work: ${reason}`, ...(todo ? [`         ${todo}`] : [])];
  const counts = (['right', 'refused', 'wrong', 'crashed'] as const)
    .map((outcome) => [outcome, operators.filter((one) => one.outcome === outcome).length] as const)
    .filter(([outcome, count]) => count > 0 || outcome === 'right')
    .map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  const where = [device, driver && `driver ${driver}`].filter(Boolean).join(', ');
  const half = name === 'cpu' ? '' : canHalf ? '; float16 serves' : '; float32 only';
  const shown = operators.filter(({ outcome }) => allOperators || outcome !== 'right');
  return [
    `${title}works (${durationMs.toFixed(1)} ms for the trial)${where ? `, ${where}` : ''}${half}`,
    `         operators: ${counts}`, ...shown.map(operatorLine),
  ];
}

function operatorLine({ operator, precision, outcome, error, tolerance }: OperatorTrial): string {
  const numbers = error === null ? '' : `  error ${error.toExponential(1)} of ${tolerance.toExponential(0)}`;
  return `         ${outcome.padEnd(8)} ${precision}  ${operator}${numbers}`;
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
