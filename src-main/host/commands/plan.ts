// `likeness plan`: how much memory teaching and portraits would take on this machine, and what would be changed so that
// they fit. Nothing is started.

import type { Command } from 'commander';
import type { MemoryPlan } from '../../contract/memory-plan.ts';
import type { Look } from '../../contract/nouns.ts';
import { type GenerationSettings, type Method, generationSettingsSchema } from '../../contract/settings.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { type AddOnOptions, addAddOnOptions, addOnsOf, packOf } from '../add-ons.ts';
import { type FinishOptions, addFinishOptions, faceSettingsOf } from '../instant-options.ts';
import { memoryLines } from '../memory-lines.ts';
import { withLibraryIfThere } from '../open-host-studio.ts';
import { type CommonOptions, type ModelOptions, addCommonOptions, addModelOptions, numberOf } from '../options.ts';
import { addTrainingOptions, trainingSettingsOf } from '../training-options.ts';
import { findLook } from './export.ts';
import { type Outcome, runCommand } from './run-command.ts';

interface PlanOptions extends CommonOptions, ModelOptions, AddOnOptions, FinishOptions {
  readonly method: Method | 'instantid';
  readonly subject?: string;
  readonly look?: string;
  readonly width?: number;
  readonly height?: number;
}

const { shape: { widthPx, heightPx } } = generationSettingsSchema.required();

export function addPlanCommand(program: Command): void {
  const command = program.command('plan')
    .description('tell how much memory teaching and portraits would take, without starting anything')
    .option('--subject <name>', 'a subject of the library, with whose look the portraits are drawn')
    .option('--look <name>', 'which of its looks; the newest when left out')
    .option('--width <pixels>', 'of the portraits', numberOf(widthPx))
    .option('--height <pixels>', 'of the portraits', numberOf(heightPx));
  addModelOptions(command);
  addAddOnOptions(command);
  addTrainingOptions(command, ['instantid']);
  addFinishOptions(command);
  addCommonOptions(command);
  command.addHelpText('after', `
Counted from the model's graphs alone: nothing is loaded and nothing runs. Weights of parts that are loaded together add
up; of their values those of the largest count, as one runs at a time. With --method instantid portraits alone.`);
  command.action((options: PlanOptions) => {
    if (options.look !== undefined && options.subject === undefined) {
      command.error('error: --look goes with --subject');
    }
    return runCommand(options, () => withLibraryIfThere(options.library, (studio) => plan(studio, options), {
      isNeeded: options.subject !== undefined,
    }));
  });
}

/** With the provider that is asked for, and the one before again after it. */
async function plan(studio: Studio, options: PlanOptions): Promise<Outcome> {
  const { settings: { provider } } = await studio.run('studio.state', {});
  await studio.run('settings.set', { provider: options.provider });
  try {
    // on what it would be done, as far as the machine was not examined yet
    if (options.provider !== 'cpu') await studio.run('machine.examine', {});
    return await planWith(studio, options);
  } finally {
    await studio.run('settings.set', { provider });
  }
}

async function planWith(studio: Studio, options: PlanOptions): Promise<Outcome> {
  const { method } = options;
  const look = await lookOf(studio, options);
  const pack = await packOf(studio, options);
  const teaching = method === 'instantid' ? null : await studio.run('memory.planTeaching', {
    packId: pack.id, method, settings: trainingSettingsOf(options),
  });
  const portraits = await studio.run('memory.planPortraits', {
    packId: pack.id, settings: settingsOf(options), isInstant: method === 'instantid',
    adapterId: look?.id ?? null, addOns: await addOnsOf(studio, options),
  });
  const drawn = `Portraits with ${pack.name}${look ? ` and "${look.name}"` : ''}`;
  const lines = (title: string, planned: MemoryPlan | null): string[] => (
    planned ? [...memoryLines(title, planned), ''] : []);
  return {
    document: { pack: pack.id, look: look?.name ?? null, teaching, portraits },
    text: [...lines(`Teaching ${pack.name} (${method})`, teaching), ...lines(drawn, portraits)].join('\n').trimEnd(),
  };
}

/** As at drawing: without teaching there is a look only where one is named. */
async function lookOf(studio: Studio, { subject, look, method }: PlanOptions): Promise<Look | null> {
  if (subject === undefined || (method === 'instantid' && look === undefined)) return null;
  return await findLook(studio, subject, look);
}

function settingsOf(options: PlanOptions): GenerationSettings {
  const { width, height } = options;
  return {
    ...faceSettingsOf(options),
    ...(width === undefined ? {} : { widthPx: width }), ...(height === undefined ? {} : { heightPx: height }),
  };
}
