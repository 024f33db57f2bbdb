// The request of a portrait as it is for a part of it that is drawn again, larger: the same words, looks and faces,
// with points and masks where they lie in that part.

import type { RegionMask } from '../contract/faces.ts';
import { faceReach, headAndShoulders, nominalFaceBox } from '../dataset/framing.ts';
import { type Face, type FacePoints, meanPoint } from '../faces/face.ts';
import type { FaceRequest, StrengthOverSteps } from './face-request.ts';
import { pointsInRegion, type PortraitSize } from './pose.ts';
import type { PartOfPicture } from './region-weights.ts';
import type { PortraitRequest } from './text-to-portrait.ts';

/** Where a face lies in a portrait, in its pixels. */
export type PlacedFace = Pick<Face, 'box' | 'points'>;

/** The face of each person. */
export interface FoundFaces<Found extends PlacedFace = Face> {
  readonly first?: Found;
  readonly second?: Found;
}

/** Where no face was found, the place that one was asked for, as large as a detector would see it. */
export function orAsked({ first, second }: FoundFaces, request: PortraitRequest): FoundFaces<PlacedFace> {
  const [own, other] = [first ?? placeOf(request.face), second ?? placeOf(request.second?.face)];
  return { ...(own ? { first: own } : {}), ...(other ? { second: other } : {}) };
}

function placeOf(face: FaceRequest | undefined): PlacedFace | undefined {
  if (!face?.points) return undefined;
  const { points } = face;
  const edge = faceReach(points) * (nominalFaceBox().width / headAndShoulders.eyesToMouth);
  const [left, right, , mouthLeft, mouthRight] = points;
  const middle = meanPoint([left, right, mouthLeft, mouthRight]);
  return { points, box: { left: middle.x - edge / 2, top: middle.y - edge / 2, width: edge, height: edge } };
}

/** The largest face of each person: whose it is says the mask at its middle. Faces come largest first. */
export function facesOfPeople(
  faces: readonly Face[], picture: { readonly width: number; readonly height: number }, mask: RegionMask | undefined,
): FoundFaces {
  const isSecond = ({ box }: Face): boolean => mask !== undefined && maskAt(mask, {
    x: (box.left + box.width / 2) / picture.width, y: (box.top + box.height / 2) / picture.height,
  }) >= 0.5;
  const [first, second] = [faces.find((face) => !isSecond(face)), faces.find(isSecond)];
  return { ...(first ? { first } : {}), ...(second ? { second } : {}) };
}

/** The mask's own number at a place, given as fractions of the picture. */
function maskAt({ columns, rows, values }: RegionMask, { x, y }: { readonly x: number; readonly y: number }): number {
  const index = (share: number, count: number): number => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
  return values[index(y, rows) * columns + index(x, columns)]!;
}

/**
 * The request for a part of the portrait that is drawn at `size`. A face is told only to a part that has it: elsewhere
 * it would grow out of the background. Its points are those that were asked for where the drawn face heeds them, else
 * those of the drawn face.
 */
export function requestForPart(
  request: PortraitRequest, found: FoundFaces<PlacedFace>, part: PartOfPicture, size: PortraitSize,
): PortraitRequest {
  const { face, second, ...rest } = request;
  const drawing = { request, part, size };
  const firstFace = faceInPart(face, found.first, drawing);
  const secondFace = faceInPart(second?.face, found.second, drawing);
  return {
    ...rest, ...size, ...(firstFace ? { face: firstFace } : {}),
    ...(second ? { second: withFace({ ...second, part }, secondFace) } : {}),
  };
}

/** The request for the portrait as it is once it has another size: points lie where they lay. */
export function requestAtSize(
  request: PortraitRequest, { width, height }: { readonly width: number; readonly height: number },
): PortraitRequest {
  const { face, second, widthPx, heightPx } = request;
  const whole = { left: 0, top: 0, width: widthPx, height: heightPx };
  const moved = (own: FaceRequest): FaceRequest => (
    own.points ? { ...own, points: pointsInRegion(own.points, whole, width, height) } : own);
  return {
    ...request, widthPx: width, heightPx: height, ...(face ? { face: moved(face) } : {}),
    ...(second ? { second: withFace(second, second.face && moved(second.face)) } : {}),
  };
}

/** The request for the first or the second person alone, as each has a face to be drawn again. */
export function requestForPerson(request: PortraitRequest, who: keyof FoundFaces): PortraitRequest {
  const { second, adapter, face, ...rest } = request;
  const own = who === 'first' ? { adapter, face } : { adapter: second!.adapter, face: second!.face };
  return { ...rest, ...(own.adapter ? { adapter: own.adapter } : {}), ...(own.face ? { face: own.face } : {}) };
}

interface PartToDraw {
  readonly request: PortraitSize;
  readonly part: PartOfPicture;
  readonly size: PortraitSize;
}

function faceInPart(
  face: FaceRequest | undefined, drawn: PlacedFace | undefined, { request, part, size }: PartToDraw,
): FaceRequest | undefined {
  const { widthPx, heightPx } = request;
  if (!face) return undefined;
  const where = locate(face.points, drawn);
  if (!where) return isWhole(part) ? face : silent(face);
  const region = {
    left: part.left * widthPx, top: part.top * heightPx, width: part.width * widthPx, height: part.height * heightPx,
  };
  const points = pointsInRegion(where, region, size.widthPx, size.heightPx);
  const isInside = points.some(({ x, y }) => x >= 0 && x <= size.widthPx && y >= 0 && y <= size.heightPx);
  const { points: asked, ...rest } = face;
  const moved = asked ? { ...rest, points } : rest;
  return isInside ? moved : silent(moved);
}

/** No face; but where one graph must do, a face without strength. */
function silent(face: FaceRequest): FaceRequest | undefined {
  if (!face.inOneGraph) return undefined;
  const none = (over: StrengthOverSteps): StrengthOverSteps => ({ ...over, strength: 0 });
  return { ...face, image: none(face.image), identityNet: none(face.identityNet) };
}

/** The points that were asked for where the drawn face is about them; else the drawn face's own. */
function locate(asked: FacePoints | undefined, drawn: PlacedFace | undefined): FacePoints | undefined {
  if (!asked || !drawn) return asked ?? drawn?.points;
  const { x, y } = meanPoint(asked);
  const { left, top, width, height } = drawn.box;
  const isAbout = x >= left && x <= left + width && y >= top && y <= top + height;
  return isAbout ? asked : drawn.points;
}

function isWhole({ width, height }: PartOfPicture): boolean {
  return width === 1 && height === 1;
}

function withFace<T extends { readonly face?: FaceRequest }>(person: T, face: FaceRequest | undefined): T {
  const { face: _own, ...rest } = person;
  return { ...rest, ...(face ? { face } : {}) } as T;
}
