// The command line's words, without running any command.

import { expect, test } from 'vitest';
import { likenessProgram, runProgram } from '../../src-main/host/program.ts';

/** Runs the words and catches what commander would print. */
async function run(...words: string[]): Promise<{ code: number; output: string; errors: string }> {
  let [output, errors] = ['', ''];
  const program = likenessProgram('1.2.3');
  const commands = program.commands.flatMap((command) => [command, ...command.commands]);
  for (const command of [program, ...commands]) {
    command.configureOutput({
      writeOut: (text) => { output += text; },
      writeErr: (text) => { errors += text; },
    });
  }
  return { code: await runProgram(program, words), output, errors };
}

test('wrong usage is 2, with a reason', async () => {
  const wrong = [
    [], ['nonsense'], ['portraits'], ['portraits', '--photos', 'Ada', '--count', '0'], ['analyze'], ['export'],
    ['portraits', '--photos', 'Ada', '--seed', 'x'], ['generate', '--subject', 'a', '--adapter', 'b'], ['generate'],
    ['serve', '--port', '99999'], ['portraits', '--photos', 'Ada', '--method', 'magic'], ['train'],
    ['models', 'remove'], ['models', 'get'], ['models', 'mirror', 'x'], ['models', 'add'], ['models', 'nonsense'],
    ['models', '--face-engine', 'other'], ['machine'], ['machine', 'rocm'], ['machine', 'cuda', '--get', '--remove'],
    ['portraits', '--photos', 'Ada', '--width', '100'], ['portraits', '--photos', 'Ada', '--nonsense'],
  ];
  for (const words of wrong) {
    const { code, output, errors } = await run(...words);
    expect(code, words.join(' ')).toBe(2);
    expect(output).toBe('');
    expect(errors.length).toBeGreaterThan(10);
  }
});

test('every command of the design is there, explains itself and speaks JSON', async () => {
  const commands = likenessProgram('1.2.3').commands.map((command) => command.name());
  expect(commands).toEqual(['portraits', 'import', 'analyze', 'train', 'generate', 'batch', 'again', 'export', 'jobs',
    'subjects', 'library', 'styles', 'packs', 'models', 'plan', 'doctor', 'machine',
    'serve']);
  for (const command of commands) {
    const { code, output } = await run(command, '--help');
    expect(code).toBe(0);
    expect(output).toContain('--json');
  }
  expect((await run('--help')).code).toBe(0);
  expect(await run('--version')).toMatchObject({ code: 0, output: '1.2.3\n' });
});
