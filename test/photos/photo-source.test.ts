// A photo decoded as far as needed: reduced, in parts, upright; and the hash by which copies find each other.

import sharp, { type Sharp } from 'sharp';
import { expect, test } from 'vitest';
import { decodePhoto } from '../../src-main/photos/decode.ts';
import { differenceHash, hashDistance, hashHalves } from '../../src-main/photos/difference-hash.ts';
import { type PhotoView, openPhotoSource, sourceOf } from '../../src-main/photos/photo-source.ts';
import { gradientPicture, raw } from './fixtures.ts';

const [width, height] = [2400, 1600];
const gradient = gradientPicture(width, height);

/** The place of a view's pixel in the photo, from its colour: red grows along x, green along y. */
function placeOf({ picture }: PhotoView, x: number, y: number): [number, number] {
  const at = (y * picture.width + x) * 3;
  return [(picture.data[at]! / 255) * width, (picture.data[at + 1]! / 255) * height];
}

function expectNear([x, y]: [number, number], wantedX: number, wantedY: number): void {
  expect(Math.abs(x - wantedX)).toBeLessThan(25);
  expect(Math.abs(y - wantedY)).toBeLessThan(25);
}

const kinds = {
  JPEG: (picture: Sharp) => picture.jpeg({ quality: 95 }), PNG: (picture: Sharp) => picture.png(),
  WebP: (picture: Sharp) => picture.webp({ quality: 95 }),
};
const names = ['JPEG', 'PNG', 'WebP'] as const;
test.each(names)('a %s is reduced by a power of two; parts come from their place', async (kind) => {
  const source = await openPhotoSource(await kinds[kind](raw(gradient)).toBuffer(), 'photo');
  expect([source.width, source.height]).toEqual([width, height]);
  const small = await source.whole(500);
  expect([small.picture.width, small.picture.height, small.scaleX]).toEqual([600, 400, 0.25]);
  expectNear(placeOf(small, 300, 100), 1200, 400);
  const part = await source.part({ left: 1000, top: 600, width: 400, height: 300 }, 1);
  expect(part.scaleX).toBe(1);
  expect(part.picture.width).toBeGreaterThanOrEqual(400);
  expect(part.picture.width).toBeLessThan(450);
  expectNear(placeOf(part, 50, 40), part.left + 50, part.top + 40);
  expect(part.left).toBeLessThan(1000);
  // where the whole is fine enough already, nothing is decoded again
  expect(await source.part({ left: 0, top: 0, width: 2000, height: 1600 }, 0.2)).toBe(small);
  expect(await source.whole(100)).toBe(small);
  const all = await source.whole(2400);
  expect([all.picture.width, all.scaleX]).toEqual([width, 1]);
});

test('a photo that lies on its side is upright in every view', async () => {
  const lying = await raw(gradient).rotate(270).withMetadata({ orientation: 6 }).jpeg({ quality: 95 }).toBuffer();
  const source = await openPhotoSource(lying, 'photo');
  expect([source.width, source.height]).toEqual([width, height]);
  expectNear(placeOf(await source.whole(500), 300, 100), 1200, 400);
  const part = await source.part({ left: 1500, top: 1100, width: 300, height: 300 }, 1);
  expectNear(placeOf(part, 100, 100), part.left + 100, part.top + 100);
});

test('parts at the edge end where the photo ends, and small photos are decoded whole', async () => {
  const source = await openPhotoSource(await raw(gradient).jpeg().toBuffer(), 'photo');
  const part = await source.part({ left: -50, top: 1500, width: 400, height: 400 }, 1);
  expect([part.left, part.top + part.picture.height]).toEqual([0, height]);
  const small = gradientPicture(300, 200);
  const whole = await (await openPhotoSource(await raw(small).png().toBuffer(), 'photo')).whole(1000);
  expect(whole.picture.data).toEqual(small.data);
  expect((await sourceOf(small).part({ left: 5, top: 5, width: 9, height: 9 }, 1)).picture).toBe(small);
});

test('a cut-off file is refused when it is decoded', async () => {
  const bytes = await raw(gradient).jpeg({ quality: 95 }).toBuffer();
  const source = await openPhotoSource(bytes.subarray(0, bytes.length / 2), 'cut.jpg');
  await expect(source.whole(500)).rejects.toMatchObject({ code: 'photos.damaged' });
});

test('the hash of a copy is near, of another picture far', async () => {
  const photo = await sharp(new URL('astronaut.png', import.meta.url).pathname).toBuffer();
  const hashOf = async (change: (picture: Sharp) => Sharp) =>
    hashHalves(differenceHash(await decodePhoto(await change(sharp(photo)).png().toBuffer(), 'photo')));
  const own = await hashOf((picture) => picture);
  expect(differenceHash(await decodePhoto(photo, 'photo'))).toMatch(/^[0-9a-f]{16}$/);
  expect(hashDistance(own, own)).toBe(0);
  for (const change of [
    (picture: Sharp) => picture.resize(200), (picture: Sharp) => picture.modulate({ brightness: 1.2 }),
    (picture: Sharp) => picture.blur(1.5),
  ]) expect(hashDistance(own, await hashOf(change))).toBeLessThanOrEqual(5);
  expect(hashDistance(own, await hashOf((picture) => picture.flop()))).toBeGreaterThan(15);
  expect(hashDistance(hashHalves('f'.repeat(16)), hashHalves('0'.repeat(16)))).toBe(64);
});
