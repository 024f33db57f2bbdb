// The text that A1111 writes into its pictures and most galleries and tools read: prompt, "Negative prompt: ...", then
// one line of "Key: value" pairs. A value with a comma, colon or line break is quoted as a JSON string.
// A line of the prompt that itself begins with "Negative prompt:" cannot be told apart: the format has no escape.

export interface LoraReference {
  /** Name of the exported file without folder and ending; never the person's. */
  readonly name: string;
  readonly strength: number;
  /** First ten or more hexadecimal digits of the file's SHA-256. */
  readonly hash?: string;
}

export interface ParametersText {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly samplingSteps: number;
  /** A1111's own names, e.g. 'DPM++ 2M' and 'Karras'. */
  readonly samplerTitle: string;
  readonly scheduleType: string;
  readonly guidanceScale: number;
  /** Perturbed-attention guidance; 0 and absent are none, of which nothing is said. */
  readonly attentionGuidanceScale?: number;
  /** Image to image: how much of the start could change, 0 to 1. */
  readonly startStrength?: number;
  readonly seed: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly modelName: string;
  /** First ten hexadecimal digits of the checkpoint's SHA-256. */
  readonly modelHash?: string;
  readonly loras?: readonly LoraReference[];
  /** What else the picture owes its look to, in the order in which it is written. */
  readonly more?: readonly (readonly [key: string, value: string | number])[];
  /** The program, e.g. 'Likeness 0.1.0'. */
  readonly version: string;
}

/** A1111's text as found: settings stay the text that they are, whatever tool wrote them. */
export interface ReadParameters {
  readonly prompt: string;
  readonly negativePrompt: string;
  /** In the order of the file, e.g. 'Steps' -> '20'. */
  readonly settings: ReadonlyMap<string, string>;
}

const negativeMark = 'Negative prompt:';
const pair = /\s*([\p{L}\p{N}_][\p{L}\p{N}_ \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)/gu;
/** A last line with fewer pairs is taken for prompt text, as A1111 does. */
const fewestPairs = 3;

/** A1111's text for one portrait. Folders are cut off names, so that no path of this machine gets out. */
export function formatParameters(parameters: ParametersText): string {
  const { loras = [] } = parameters;
  const loraTags = loras.map((lora) => ` <lora:${loraName(lora)}:${lora.strength}>`).join('');
  const hashes = loras.flatMap((lora) => (lora.hash ? [`${loraName(lora)}: ${lora.hash.slice(0, 12)}`] : []));
  const pairs: (readonly [string, string | number | undefined])[] = [
    ['Steps', parameters.samplingSteps],
    ['Sampler', parameters.samplerTitle],
    ['Schedule type', parameters.scheduleType],
    ['CFG scale', parameters.guidanceScale],
    ['PAG scale', parameters.attentionGuidanceScale || undefined],
    ['Seed', parameters.seed],
    ['Size', `${parameters.widthPx}x${parameters.heightPx}`],
    ['Model hash', parameters.modelHash?.slice(0, 10)],
    ['Model', withoutFolder(parameters.modelName)],
    ['Denoising strength', parameters.startStrength],
    ...parameters.more ?? [],
    ['Lora hashes', hashes.join(', ')],
    ['Version', parameters.version],
  ];
  const settings = pairs.filter(([, value]) => value !== undefined && value !== '')
    .map(([key, value]) => `${key}: ${quoted(String(value))}`).join(', ');
  const negative = parameters.negativePrompt.trim();
  const negativeLines = negative ? [`${negativeMark} ${trimmedLines(negative)}`] : [];
  return [trimmedLines(parameters.prompt) + loraTags, ...negativeLines, settings].join('\n');
}

/** Takes A1111's text apart, from whatever tool; every text is a prompt at least. */
export function parseParameters(text: string): ReadParameters {
  const lines = text.replaceAll('\r\n', '\n').trim().split('\n');
  const settings = pairsOf(lines.at(-1)!);
  const promptLines = settings.size >= fewestPairs ? lines.slice(0, -1) : lines;
  const prompt: string[] = [];
  const negative: string[] = [];
  let current = prompt;
  for (const line of promptLines.map((each) => each.trim())) {
    const isMark = line.startsWith(negativeMark);
    if (isMark) current = negative;
    current.push(isMark ? line.slice(negativeMark.length).trim() : line);
  }
  return {
    prompt: prompt.join('\n').trim(),
    negativePrompt: negative.join('\n').trim(),
    settings: settings.size >= fewestPairs ? settings : new Map(),
  };
}

/** Prompt without its `<lora:name:strength>` tags, and these. */
export function splitLoraTags(prompt: string): { prompt: string; lora: LoraReference[] } {
  const lora: LoraReference[] = [];
  const rest = prompt.replace(/\s*<lora:([^:>]+):(-?[\d.]+)>/g, (_, name: string, strength: string) => {
    lora.push({ name, strength: Number(strength) });
    return '';
  });
  return { prompt: rest.trim(), lora };
}

function pairsOf(line: string): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const [, key, value] of line.matchAll(pair)) pairs.set(key!, unquoted(value!.trim()));
  return pairs;
}

function quoted(value: string): string {
  return /[,:\n]|^"/.test(value) ? JSON.stringify(value) : value;
}

function unquoted(value: string): string {
  if (!value.startsWith('"') || !value.endsWith('"')) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    return value;
  }
}

function trimmedLines(text: string): string {
  return text.trim().split(/\r?\n/).map((line) => line.trim()).join('\n');
}

function withoutFolder(name: string): string {
  return name.split(/[\\/]/).at(-1)!;
}

// The tag's own marks cannot be part of a name
function loraName({ name }: LoraReference): string {
  return withoutFolder(name).replace(/[<>:,]/g, '_');
}
