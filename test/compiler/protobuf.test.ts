// Messages written in place are the bytes of messages written apart: any length, any text.

import { expect, test } from 'vitest';

import { MessageWriter } from '../../src-main/compiler/4-emit/protobuf.ts';

const texts = ['', 'a', 'W'.repeat(121), 'b'.repeat(130), '肖像/Ünïcode', 'ä'.repeat(100), 'c'.repeat(20_000)];

function content(writer: MessageWriter, text: string): void {
  writer.integer(1, -1).string(2, text).float(3, 0.5).integer(4, 300);
}

test.each(texts.map((text) => [text.length, text]))('a message around a text of %d characters', (_length, text) => {
  const inner = new MessageWriter();
  content(inner, text);
  const apart = new MessageWriter().string(9, 'before').message(7, new MessageWriter().message(6, inner).integer(5, 1));
  const inPlace = new MessageWriter().string(9, 'before').nested(7, (outer) => {
    outer.nested(6, (message) => content(message, text)).integer(5, 1);
  });
  expect(Buffer.compare(inPlace.finish(), apart.finish())).toBe(0);
});

test('large blocks after a message in place stay whole', () => {
  const block = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);
  const bytes = new MessageWriter().nested(1, (message) => void message.integer(2, 3)).bytes(4, block).finish();
  expect([...bytes.subarray(0, 4)]).toEqual([0x0a, 2, 0x10, 3]);
  expect(Buffer.compare(bytes.subarray(-5000), block)).toBe(0);
});
