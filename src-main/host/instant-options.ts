// Options of portraits that need no teaching, of a second person in them, and of how a portrait is finished.

import { type Command, Option } from 'commander';
import { type GenerationSettings, generationSettingsSchema } from '../contract/settings.ts';
import { collect, numberOf } from './options.ts';
import { type PoseWords, parsePose } from './pose-words.ts';

const { shape } = generationSettingsSchema.required();

/** A number of the settings, its flags and what it does. */
type Row = readonly [
  setting: 'imageStrength' | 'imageStart' | 'imageEnd' | 'identityNetStrength' | 'identityNetStart' | 'identityNetEnd'
    | 'facePassStrength' | 'upscale' | 'upscaleStrength',
  flags: string, help: string];

const faceRows: readonly Row[] = [
  ['imageStrength', '--image-strength <number>', 'how much the drawing heeds the face (image adapter), 0 to 1.5'],
  ['imageStart', '--image-start <share>', 'share of the steps after which it begins to, 0 to 1'],
  ['imageEnd', '--image-end <share>', 'share of the steps after which it ends'],
  ['identityNetStrength', '--identity-net-strength <number>', 'how much pose and face steer it (IdentityNet)'],
  ['identityNetStart', '--identity-net-start <share>', 'share of the steps after which they begin to'],
  ['identityNetEnd', '--identity-net-end <share>', 'share of the steps after which they end'],
];

const finishRows: readonly Row[] = [
  ['facePassStrength', '--face-pass-strength <share>', 'how much of the face the face pass draws anew, 0 to 1'],
  ['upscale', '--upscale <factor>', 'edge of the finished portrait over that which is drawn first, 1 to 4'],
  ['upscaleStrength', '--upscale-strength <share>', 'how much of it is drawn anew when it is enlarged, 0 to 1'],
];

const headings = {
  face: 'Without teaching (InstantID):', second: 'A second person:', finish: 'Speed and finish:',
} as const;

/** Where a face lies, and how much it counts. */
export interface FaceOptions {
  readonly pose?: PoseWords;
  readonly facePhoto: string[];
  readonly imageStrength?: number;
}

export interface FinishOptions {
  readonly fast?: boolean;
  readonly facePass?: 'off' | 'auto' | 'always';
}

export interface SecondOptions {
  readonly with?: string;
  readonly withLook?: string;
  readonly withPose?: PoseWords;
  readonly mask?: string;
}

/** Adds --pose, --face-photo and the strengths. */
export function addFaceOptions(command: Command): Command {
  command
    .addOption(new Option('--pose <where>', 'where the face lies: reference (as in the most typical photo), none '
      + '(free), photo:FILE, portrait:ID, or points:x,y,… (fractions: eyes, nose, corners of the mouth)')
      .argParser(parsePose).helpGroup(headings.face))
    .addOption(new Option('--face-photo <name>', 'a photo that gives the face, by file name (repeatable); all but one '
      + 'in five, which only measure, when left out').argParser(collect).default([]).helpGroup(headings.face));
  addRows(command, faceRows, headings.face);
  return command;
}

/** Adds --with and what belongs to it. */
export function addSecondOptions(command: Command): Command {
  return command
    .addOption(new Option('--with <name>', 'a second subject; {subject2} stands for them in prompts')
      .helpGroup(headings.second))
    .addOption(new Option('--with-look <name>', 'which of their looks; the newest unless --instant')
      .helpGroup(headings.second))
    .addOption(new Option('--with-pose <where>', 'where their face lies, as --pose').argParser(parsePose)
      .helpGroup(headings.second))
    .addOption(new Option('--mask <file>', 'picture of the portrait\'s shape, white where the second person is; the '
      + 'right half when left out').helpGroup(headings.second));
}

/** Adds --fast, --face-pass and --upscale. */
export function addFinishOptions(command: Command): Command {
  command
    .addOption(new Option('--fast', 'few steps, with the LCM-LoRA of the model').helpGroup(headings.finish))
    .addOption(new Option('--face-pass <when>', 'draw the face again at full resolution; auto: when it is small')
      .choices(['off', 'auto', 'always']).helpGroup(headings.finish));
  addRows(command, finishRows, headings.finish);
  return command;
}

function addRows(command: Command, rows: readonly Row[], heading: string): void {
  for (const [setting, flags, help] of rows) {
    command.addOption(new Option(flags, help).argParser(numberOf(shape[setting])).helpGroup(heading));
  }
}

/** The settings among these options; what was not given is undefined. */
export function faceSettingsOf(options: Partial<FaceOptions> & FinishOptions): GenerationSettings {
  const given = options as unknown as Readonly<Record<string, number | undefined>>;
  const numbers = [...faceRows, ...finishRows].map(([setting]) => [setting, given[setting]] as const);
  return { ...Object.fromEntries(numbers), fast: options.fast, facePass: options.facePass };
}

/** The option that says something of a face, where no face is given without teaching; undefined where there is none. */
export function optionOfFace(options: FaceOptions): string | undefined {
  const given = options as unknown as Readonly<Record<string, unknown>>;
  const row = faceRows.find(([setting]) => given[setting] !== undefined);
  if (options.pose) return '--pose';
  if (options.facePhoto.length > 0) return '--face-photo';
  return row && row[1].split(' ')[0];
}
