// How fast photos are taken in: pictures of 12 megapixels, each with the face at another place and size, through the
// real engine process, as an analyze job gives them to it.

import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import type { AnalyzedPhoto } from '../../src-main/contract/engine.ts';
import { seededRandom } from '../../src-main/starter/seeded-random.ts';
import { openEngine } from '../../src-main/studio/engine-client.ts';
import { type PeakMemory, sampleMemory } from './measured-process.ts';

export interface IntakeBenchOptions {
  readonly photos: number;
  /** A picture with a face; a rendered portrait where none is given. */
  readonly photo?: string;
}

const size = { width: 4000, height: 3000 } as const;
const root = path.join(import.meta.dirname, '..', '..');

/** In a process of its own: whoever decodes photos may not draw. */
function renderPortraitTo(folder: string): string {
  const script = path.join(import.meta.dirname, 'render-subject.ts');
  const { status } = spawnSync(
    process.execPath, [script, folder, '11', '1'], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error('The portrait could not be rendered.');
  return path.join(folder, '01.png');
}

/** Noise as of a sensor, so that decoding takes as long as for a photograph. */
async function background(level: number, sigma: number): Promise<Buffer> {
  const noise = { type: 'gaussian', mean: level, sigma } as const;
  return await sharp({ create: { ...size, channels: 3, background: '#888', noise } })
    .linear([1, 0.98, 0.9], [0, 0, 10]).jpeg({ quality: 92 }).toBuffer();
}

async function makePhotos(folder: string, source: string, count: number): Promise<string[]> {
  const random = seededRandom(7, 1);
  const backgrounds = [await background(120, 10), await background(170, 14), await background(90, 8)];
  const files: string[] = [];
  for (let i = 0; i < count; i++) {
    // from head and shoulders that fill the picture to a person at some distance
    const edge = Math.round(random.between(600, 2900));
    const face = await sharp(source).resize(edge, edge)
      .modulate({ brightness: random.between(0.85, 1.15) }).toBuffer();
    const left = Math.floor((size.width - edge) * random.uniform());
    const top = Math.floor((size.height - edge) * random.uniform());
    const file = path.join(folder, `photo-${i}.jpg`);
    await sharp(backgrounds[i % backgrounds.length]).composite([{ input: face, left, top }])
      .jpeg({ quality: 90 }).toFile(file);
    files.push(file);
  }
  return files;
}

interface Run {
  readonly found: readonly AnalyzedPhoto[];
  readonly seconds: number;
  readonly peak: PeakMemory;
  /** Of all its threads, on Linux; 0 elsewhere. */
  readonly processorSeconds: number;
}

/** Clock ticks a second in /proc. */
const ticks = 100;

/** User and system time that a process has taken: fields 14 and 15 of its stat. */
async function processorSecondsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [user, system] = stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 13);
  return (Number(user ?? 0) + Number(system ?? 0)) / ticks;
}

async function analyzeAll(files: readonly string[], outputFolder: string): Promise<Run> {
  const found: AnalyzedPhoto[] = [];
  const peak: PeakMemory = { anonymousBytes: 0, mappedBytes: 0 };
  const engine = openEngine({
    nodeFile: process.execPath, entryFile: path.join(root, 'src-main', 'compute', 'engine.ts'),
    resourcesFolder: path.join(root, 'resources'), onState: () => undefined, onLog: (line) => console.error(line),
  });
  const watch = setInterval(() => {
    const pid = engine.processId();
    if (pid !== undefined) void sampleMemory(pid, peak);
  }, 100);
  const startMs = performance.now();
  try {
    const photos = files.map((file) => ({ key: file, file }));
    const request = { kind: 'analyze', photos, cropEdgePx: 768, modelResolutionPx: 512, outputFolder } as const;
    await engine.run(request, new AbortController().signal, {
      onItem: (item) => {
        if (item.kind === 'photo') found.push(item);
        return Promise.resolve();
      },
    });
    const seconds = (performance.now() - startMs) / 1000;
    return { found, seconds, peak, processorSeconds: await processorSecondsOf(engine.processId()!) };
  } finally {
    clearInterval(watch);
    await engine.close();
  }
}

/** Lines of a report: photos a second, memory, and how many faces were found. */
export async function benchIntake({ photos, photo }: IntakeBenchOptions): Promise<string[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'likeness-intake-'));
  try {
    const crops = path.join(folder, 'crops');
    await mkdir(crops);
    const source = photo ?? renderPortraitTo(folder);
    const square = path.join(folder, 'square.png');
    await writeFile(square, await sharp(await readFile(source)).resize(1024, 1024, { fit: 'cover' }).png().toBuffer());
    const files = await makePhotos(folder, square, photos);
    const { found, seconds, peak, processorSeconds } = await analyzeAll(files, crops);
    const withFace = found.filter(({ faceCount }) => faceCount > 0).length;
    const gibibytes = ((peak.anonymousBytes + peak.mappedBytes) / 2 ** 30).toFixed(2);
    return [
      `${photos} JPEGs of ${size.width} x ${size.height}: ${seconds.toFixed(1)} s, `
        + `${(photos / seconds).toFixed(1)} photos a second, start of the engine included`,
      `${(processorSeconds / photos).toFixed(2)} processor seconds a photo, engine's peak memory ${gibibytes} GiB, `
        + `a face in ${withFace} of ${found.length}`,
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
