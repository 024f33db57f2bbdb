// The contract: what crosses a process is refused when it does not fit, and its types come from the schemas.

import { expect, expectTypeOf, test } from 'vitest';
import { errorDataOf, reviveError } from '../../src-main/contract/error-data.ts';
import { UserError } from '../../src-main/contract/errors.ts';
import type { SubjectId } from '../../src-main/contract/ids.ts';
import { photoIdSchema } from '../../src-main/contract/ids.ts';
import {
  type CommandRequest, type CommandResponse, type ParsedRequest, commandNames, commands, eventSchema, mediaUrl,
} from '../../src-main/contract/studio.ts';

test('an id that is not 32 hexadecimal digits is refused', () => {
  expect(photoIdSchema.safeParse('0'.repeat(32)).success).toBe(true);
  for (const id of ['', '../../etc/passwd', '0'.repeat(31), 'G'.repeat(32), `${'0'.repeat(32)}\n`]) {
    expect(photoIdSchema.safeParse(id).success).toBe(false);
  }
});

test('a media address holds the kind and the id and nothing else', () => {
  expect(mediaUrl('portrait', 'ab'.repeat(16))).toBe(`media/portrait/${'ab'.repeat(16)}`);
});

test('every command has a request and an answer schema', () => {
  expect(commandNames.length).toBeGreaterThan(15);
  for (const name of commandNames) {
    expect(commands[name].request.safeParse('not an object').success).toBe(false);
    expect(commands[name].response).toBeDefined();
  }
});

test('defaults are filled in when a request is parsed', () => {
  const parsed = commands['portraits.create'].request.parse({
    subjectId: 'a'.repeat(32), adapterId: null, packId: 'starter', count: 2,
  });
  expect(parsed).toMatchObject({ prompts: [], styleIds: [], compareWithout: false, settings: {} });
});

test('a setting outside its range is refused', () => {
  const teach = { subjectId: 'a'.repeat(32), packId: 'starter' };
  const request = commands['looks.teach'].request;
  expect(request.safeParse({ ...teach, settings: { rank: 8 } }).success).toBe(true);
  expect(request.safeParse({ ...teach, settings: { rank: 0 } }).success).toBe(false);
  expect(request.safeParse({ ...teach, settings: { resolutionPx: 100 } }).success).toBe(false);
  expect(request.safeParse({ ...teach, settings: { learningRate: Infinity } }).success).toBe(false);
});

test('an event of an unknown type is refused', () => {
  expect(eventSchema.safeParse({ type: 'photo-exploded' }).success).toBe(false);
  expect(eventSchema.safeParse({ type: 'subject-removed', subjectId: 'a'.repeat(32) }).success).toBe(true);
});

test('an error keeps its code, words and numbers across a process', () => {
  const error = new UserError('faces.too-few', { what: 'w.', safe: 's.', todo: 't.' }, { found: 1 });
  const revived = reviveError(JSON.parse(JSON.stringify(errorDataOf(error))));
  expect(revived).toMatchObject({ code: 'faces.too-few', text: error.text, parameters: { found: 1 } });
});

test('a full disk anywhere below becomes one message', () => {
  expect(errorDataOf(Object.assign(new Error('write'), { code: 'ENOSPC' })).code).toBe('disk.full');
  expect(errorDataOf(Object.assign(new Error('insert'), { code: 'SQLITE_FULL' })).code).toBe('disk.full');
  expect(errorDataOf(new Error('vips: write error: No space left on device')).code).toBe('disk.full');
  expect(errorDataOf(new Error('something else')).code).toBe('likeness.bug');
});

test.each([
  ['EACCES', 'disk.no-access'], ['EROFS', 'disk.no-access'], ['SQLITE_READONLY_DIRECTORY', 'disk.no-access'],
  ['SQLITE_CANTOPEN', 'disk.no-access'], ['EIO', 'disk.failing'], ['SQLITE_IOERR_FSYNC', 'disk.failing'],
  ['ENOENT', 'likeness.bug'],
])('%s is told as %s', (code, told) => {
  const data = errorDataOf(Object.assign(new Error('/home/somebody/secret'), { code }));
  expect(data.code).toBe(told);
  if (told !== 'likeness.bug') expect(JSON.stringify(data)).not.toContain('secret');
});

test('types: names, requests and answers are bound together', () => {
  expectTypeOf<ParsedRequest<'photos.list'>>().toEqualTypeOf<{ subjectId: SubjectId }>();
  expectTypeOf<CommandResponse<'subjects.create'>['name']>().toEqualTypeOf<string>();
  expectTypeOf<ParsedRequest<'portraits.create'>['prompts']>().toEqualTypeOf<string[]>();
  // @ts-expect-error there is no such command
  expectTypeOf<CommandRequest<'photos.explode'>>().toBeObject();
});
