// Sessions that are kept for the next use, and given back when there are too many.

import { expect, test } from 'vitest';

import { GraphBuilder } from '../../src-main/compiler/1-build/graph-builder.ts';
import { KeptSessions } from '../../src-main/runtime/kept-sessions.ts';
import { type Session, openSession } from '../../src-main/runtime/session.ts';
import { float32Tensor } from '../../src-main/tensor/tensor.ts';

const feeds = { x: float32Tensor([1], [2]) };

function open(factor: number): Promise<Session> {
  const g = new GraphBuilder(`times-${factor}`);
  g.output('y', g.mul(g.input('x', 'float32', [1]), g.scalar(factor)));
  return openSession(g.graph(), { provider: 'cpu', threads: 1 });
}

test('the least recently used session is released, the others are kept', async () => {
  const kept = new KeptSessions<Session>(2);
  let opened = 0;
  const get = (factor: number): Promise<Session> => kept.get(String(factor), () => {
    opened++;
    return open(factor);
  });
  const [three, five] = [await get(3), await get(5)];
  expect(await get(3)).toBe(three);
  const seven = await get(7);
  expect(opened).toBe(3);
  await expect(five.run(feeds)).rejects.toThrow(/disposed/);
  expect((await three.run(feeds))['y']!.data[0]).toBe(6);
  expect((await seven.run(feeds))['y']!.data[0]).toBe(14);
  expect((await (await get(5)).run(feeds))['y']!.data[0]).toBe(10);
  expect(opened).toBe(4);
  await kept.release();
  await expect(seven.run(feeds)).rejects.toThrow(/disposed/);
});

test('a session that cannot be opened leaves the others as they are', async () => {
  const kept = new KeptSessions<Session>(2);
  const three = await kept.get('3', () => open(3));
  await expect(kept.get('broken', () => Promise.reject(new Error('no memory')))).rejects.toThrow('no memory');
  expect(await kept.get('3', () => open(4))).toBe(three);
  await kept.release();
});
