// What a studio in a scene answers about batches that are planned, and about styles.

import type { Style } from '../../src-main/contract/nouns.ts';
import type { CommandName, CommandResponse, ParsedRequest } from '../../src-main/contract/studio.ts';
import { job } from '../renderer/nouns.ts';
import { stylesIn } from './shipped-styles.ts';
import type { Scene } from './stage.ts';

type Request = Record<string, unknown>;

/** A row a command; what a scene is told, it remembers. */
export const batchAnswers: Partial<Record<CommandName, (scene: Scene, request: Request) => unknown>> = {
  'portraits.plan': (scene, request) => planOf(scene, request as ParsedRequest<'portraits.plan'>),
  'portraits.recipe': ({ recipe }) => recipe ?? { start: null, second: null },
  'portraits.again': () => [job('create', 12, { state: 'waiting' })],
  'portraits.export': (scene, { portraitIds }) => {
    const queued = job('export', 71, { items: (portraitIds as string[]).length });
    scene.jobs = [...(scene.jobs ?? []), queued];
    return queued;
  },
  'styles.list': ({ styles, settings }) => stylesIn(styles ?? [], settings?.language ?? 'en'),
  'styles.save': (scene, request) => saveStyle(scene, request as ParsedRequest<'styles.save'>),
  'styles.remove': (scene, { styleId }) => {
    scene.styles = scene.styles!.filter(({ id }) => id !== styleId);
    return {};
  },
};

function planOf(scene: Scene, request: ParsedRequest<'portraits.plan'>): CommandResponse<'portraits.plan'> {
  const { prompts, styleIds, count, sizes, adapterIds, compareWithout, everyChoice } = request;
  const written = prompts.flatMap((prompt) => (everyChoice ? withEvery(prompt) : [withEvery(prompt)[0]!]));
  const styled = styleIds.map((id) => scene.styles?.find((style) => style.id === id)?.prompt ?? id);
  const all = [...written, ...styled].map((prompt) => prompt.replaceAll('{subject}', 'ohwx woman'));
  const items = all.length * count * Math.max(1, sizes.length) * Math.max(1, adapterIds.length) *
    (compareWithout ? 2 : 1);
  return { items, prompts: all, etaSeconds: items * 3, cutOff: scene.cutOff ?? [] };
}

/** A prompt with each choice of its first '{a|b}'. */
function withEvery(prompt: string): string[] {
  const found = /\{([^{}]*\|[^{}]*)\}/.exec(prompt);
  return found ? found[1]!.split('|').map((choice) => prompt.replace(found[0], choice)) : [prompt];
}

function saveStyle(scene: Scene, { styleId, ...fields }: ParsedRequest<'styles.save'>): Style {
  const styles = scene.styles ?? [];
  const id = styleId ?? (`own-${styles.length}` as Style['id']);
  const style: Style = { ...fields, id, isBuiltIn: false, pictureId: null };
  scene.styles = [...styles.filter((each) => each.id !== id), style];
  return style;
}
