// The chart of a run on a canvas: losses on the left scale, likeness on the right, the best and the shown snapshot
// as lines. Colours come from the tokens at the time of drawing.

import uPlot from 'uplot';
import type { RunCurves } from '../state/curves.ts';

export interface ChartMarks {
  readonly bestStep: number | null;
  readonly shownStep: number | null;
}

export interface ChartWishes {
  readonly heightPx: number;
  /** All steps of the run: the right end of the chart. */
  readonly steps: number;
  readonly marks: () => ChartMarks;
  readonly onHover: (index: number | null) => void;
  readonly onPick: (step: number) => void;
}

export interface RunChart {
  show(curves: RunCurves): void;
  redraw(): void;
  close(): void;
}

type Token = (name: string) => string;

/** Draws into `holder` and follows its width until closed. */
export function openRunChart(holder: HTMLElement, wishes: ChartWishes): RunChart {
  const token: Token = (name) => getComputedStyle(holder).getPropertyValue(name).trim();
  const chart = new uPlot(optionsFor(holder.clientWidth, wishes, token), [[], [], [], [], []], holder);
  const watch = new ResizeObserver(() => chart.setSize({ width: holder.clientWidth, height: wishes.heightPx }));
  watch.observe(holder);
  const pick = (): void => {
    const step = chart.data[0][chart.cursor.idx ?? -1];
    if (step !== undefined) wishes.onPick(step);
  };
  chart.over.addEventListener('click', pick);
  return {
    show: ({ steps, loss, smooth, validationLoss, likeness }) =>
      chart.setData([steps, loss, smooth, validationLoss, likeness].map((row) => [...row]) as uPlot.AlignedData),
    redraw: () => chart.redraw(false),
    close: () => {
      watch.disconnect();
      chart.destroy();
    },
  };
}

function optionsFor(width: number, wishes: ChartWishes, token: Token): uPlot.Options {
  const axis = {
    stroke: token('--quiet'), font: `12px ${token('--font')}`,
    grid: { stroke: token('--line'), width: 1 }, ticks: { stroke: token('--line'), width: 1, size: 4 },
  };
  const likenessAxis = {
    ...axis, scale: 'likeness', side: 1 as const, size: 44, grid: { show: false },
    values: (_: uPlot, ticks: number[], _axis: number, _space: number, apart: number) =>
      ticks.map((tick) => tick.toFixed(apart < 0.01 ? 3 : 2)),
  };
  return {
    width, height: wishes.heightPx, legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { time: false, range: (_, low, high) => [Math.min(low, 0), Math.max(high, wishes.steps)] },
      likeness: { range: (_, low, high) => likenessRange(low, high) },
    },
    axes: [
      { ...axis, size: 28 },
      { ...axis, size: 52, values: (_, ticks) => ticks.map(formatTick) },
      likenessAxis,
    ],
    series: seriesFor(token),
    hooks: {
      setCursor: [({ cursor }) => wishes.onHover(cursor.idx ?? null)],
      draw: [(chart) => drawMarks(chart, wishes.marks(), token)],
    },
  };
}

/** Never so narrow that the last hundredths look like a climb, and with room for the star above the best. */
function likenessRange(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const margin = Math.max(0.02, 0.15 * (high - low), (0.2 - (high - low)) / 2);
  return [low - margin, high + margin];
}

/** Each step faintly, the smooth loss, the loss on photos kept aside dashed, and likeness in the accent. */
function seriesFor(token: Token): uPlot.Series[] {
  return [
    {},
    { stroke: token('--control-line'), width: 0.75, points: { show: false } },
    { stroke: token('--quiet'), width: 2, points: { show: false } },
    {
      stroke: token('--text'), width: 1.5, dash: [5, 4], spanGaps: true,
      points: { show: true, size: 5, fill: token('--panel') },
    },
    {
      scale: 'likeness', stroke: token('--accent'), width: 2, spanGaps: true,
      points: { show: true, size: 6, fill: token('--accent') },
    },
  ];
}

function drawMarks(chart: uPlot, { bestStep, shownStep }: ChartMarks, token: Token): void {
  if (shownStep !== null && shownStep !== bestStep) drawLine(chart, shownStep, token('--control-line'), []);
  if (bestStep === null) return;
  const ratio = devicePixelRatio;
  drawLine(chart, bestStep, token('--accent'), [3 * ratio, 3 * ratio]);
  const x = chart.valToPos(bestStep, 'x', true);
  const { ctx } = chart;
  ctx.save();
  ctx.fillStyle = token('--accent');
  ctx.beginPath();
  // a star of five points hangs at the top of the line
  for (let corner = 0; corner < 10; corner++) {
    const radius = (corner % 2 === 0 ? 6 : 2.6) * ratio;
    const angle = -Math.PI / 2 + (corner * Math.PI) / 5;
    ctx.lineTo(x + radius * Math.cos(angle), chart.bbox.top + 7 * ratio + radius * Math.sin(angle));
  }
  ctx.fill();
  ctx.restore();
}

function drawLine(chart: uPlot, step: number, colour: string, dash: number[]): void {
  const x = Math.round(chart.valToPos(step, 'x', true)) + 0.5;
  const { ctx } = chart;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(x, chart.bbox.top);
  ctx.lineTo(x, chart.bbox.top + chart.bbox.height);
  ctx.stroke();
  ctx.restore();
}

function formatTick(value: number): string {
  return Math.abs(value) >= 0.01 || value === 0 ? String(Number(value.toPrecision(3))) : value.toExponential(0);
}
