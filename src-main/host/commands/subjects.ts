// `likeness subjects`: whose portraits are in the library, their consent, and removing someone with all that came from
// them. Nothing of the queue starts meanwhile.

import { Argument, type Command, Option } from 'commander';
import { UserError } from '../../contract/errors.ts';
import type { ErasureReceipt } from '../../contract/keeping.ts';
import { type ClassWord, type Subject, classWordSchema } from '../../contract/nouns.ts';
import type { Studio } from '../../studio/open-studio.ts';
import { libraryFolderOf, withStudio } from '../open-host-studio.ts';
import { type CommonOptions, addCommonOptions } from '../options.ts';
import { findSubject } from '../steps.ts';
import { type Outcome, runCommand } from './run-command.ts';

const actions = ['list', 'add', 'rename', 'consent', 'remove'] as const;
type Action = (typeof actions)[number];

/** How many words each action takes. */
const arity: Readonly<Record<Action, number>> = { list: 0, add: 1, rename: 2, consent: 1, remove: 1 };

interface SubjectOptions extends CommonOptions {
  readonly classWord: ClassWord;
  readonly consent?: boolean;
  readonly note?: string;
  readonly withdraw?: boolean;
  readonly keepPortraits?: boolean;
  readonly yes?: boolean;
}

export function addSubjectsCommand(program: Command): void {
  const command = program.command('subjects')
    .description('list the people of the library, and change or remove them')
    .addArgument(new Argument('[action]', 'what to do').choices(actions).default('list'))
    .argument('[words...]', 'a name, or an id')
    .addOption(new Option('--class-word <word>', 'with add: what the person is to the model')
      .choices(classWordSchema.options).default('person'))
    .option('--consent', 'with add: this is me, or I have their permission')
    .option('--note <text>', 'with add and consent: whose consent it is and how it was given')
    .option('--withdraw', 'with consent: it is taken back, and nothing is taught or drawn any more')
    .option('--keep-portraits', 'with remove: their portraits stay, without a name')
    .option('--yes', 'with remove: do not only say what would go');
  addCommonOptions(command);
  command.addHelpText('after', `
list                who is there, with their photos, looks and portraits
add NAME            a new person; nothing is taught or drawn without --consent
rename NAME NEW     another name
consent NAME        note that they agree, or with --withdraw that they do not any more
remove NAME         erase their photos, faces, looks, portraits and jobs, from the backups as well; says what went`);
  command.action((action: Action, words: string[], options: SubjectOptions) => {
    if (words.length !== arity[action]) {
      command.error(`error: "subjects ${action}" takes ${['no word', 'one name', 'two names'][arity[action]]!}`);
    }
    return runCommand(options, () => withStudio(
      libraryFolderOf(options.library), (studio) => acts[action](studio, words, options), { isIdle: true }));
  });
}

type Act = (studio: Studio, words: readonly string[], options: SubjectOptions) => Promise<Outcome>;

const acts: Readonly<Record<Action, Act>> = {
  list: (studio) => listOf(studio),
  async add(studio, [name], { consent = false, note = '', classWord }) {
    return outcomeOf(await studio.run('subjects.create', {
      name: name!, hasConsent: consent, consentNote: note, classWord,
    }));
  },
  async rename(studio, [name, newName], _options) {
    const { id } = await findSubject(studio, name!);
    return outcomeOf(await studio.run('subjects.change', { subjectId: id, name: newName! }));
  },
  async consent(studio, [name], { withdraw = false, note }) {
    const { id } = await findSubject(studio, name!);
    return outcomeOf(await studio.run('subjects.change', {
      subjectId: id, hasConsent: !withdraw, ...(note === undefined ? {} : { consentNote: note }),
    }));
  },
  async remove(studio, [name], { keepPortraits = false, yes = false }) {
    const subject = await findSubject(studio, name!);
    if (!yes) throw unconfirmed(subject, keepPortraits);
    const receipt = await studio.run('subjects.remove', { subjectId: subject.id, keepPortraits });
    return { document: { removed: subject.name, receipt }, text: receiptText(subject.name, receipt) };
  },
};

async function listOf(studio: Studio): Promise<Outcome> {
  const subjects = await studio.run('subjects.list', {});
  const text = subjects.map(subjectLine).join('\n') || 'There is nobody in the library yet.';
  return { document: { subjects }, text };
}

function outcomeOf(subject: Subject): Outcome {
  return { document: { subject }, text: subjectLine(subject) };
}

function subjectLine(subject: Subject): string {
  const { name, photoCount, lookCount, portraitCount, hasConsent, consentAtMs, consentNote } = subject;
  const date = consentAtMs === null ? '' : ` since ${new Date(consentAtMs).toISOString().slice(0, 10)}`;
  const consent = hasConsent ? `consent${date}${consentNote && `: ${consentNote}`}` : 'no consent yet';
  return `${name}  ${photoCount} photos, ${lookCount} looks, ${portraitCount} portraits, ${consent}`;
}

/** The receipt of a removal, for its user to keep. */
export function receiptText(name: string, receipt: ErasureReceipt): string {
  const rows: readonly (readonly [what: string, count: number])[] = [
    ['photos', receipt.photos], ['faces', receipt.faces], ['crops', receipt.crops], ['looks', receipt.looks],
    ['saved states of runs', receipt.snapshots], ['portraits', receipt.portraits], ['jobs', receipt.jobs],
    ['portraits that were kept, without a name', receipt.keptPortraits], ['files on the disk', receipt.files],
    ['backups made anew without them', receipt.backupsRewritten],
  ];
  return [
    `${name} was removed on ${new Date(receipt.atMs).toISOString().slice(0, 19).replace('T', ' ')} UTC:`,
    ...rows.map(([what, count]) => `  ${String(count).padStart(6)} ${what}`),
    `  ${(receipt.bytes / 1e6).toFixed(1).padStart(6)} MB freed`,
    'Files that were exported or saved elsewhere are outside of it.',
  ].join('\n');
}

function unconfirmed({ name, photoCount, lookCount, portraitCount }: Subject, keepPortraits: boolean): UserError {
  const portraits = keepPortraits
    ? `; their ${portraitCount} portraits would stay without a name` : ` and ${portraitCount} portraits`;
  return new UserError('subjects.unconfirmed', {
    what: `Removing ${name} would erase ${photoCount} photos, ${lookCount} looks${portraits}. Backups are made anew.`,
    safe: 'Nothing was removed yet.',
    todo: 'Add --yes to remove them for good.',
  });
}
