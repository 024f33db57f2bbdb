// What a subject's photos together say of each: which face is the subject's, who is somebody else, which are nearly the
// same picture. Added to what each photo says of itself. A pure function; few photos say little, and that is said too.

import type { FaceEngineId, Verdict, VerdictReasonCode } from '../contract/faces.ts';
import type { PhotoId } from '../contract/ids.ts';
import { severalFaces } from '../faces/quality.ts';
import { type Finding, changeVerdict } from '../faces/verdict.ts';
import type { Judgement, PhotoRecord } from '../library/photos.ts';
import { type PhotoSaying, agreeOnFaces } from './face-agreement.ts';
import { type ComparedPhoto, findNearDuplicates } from './near-duplicates.ts';
import { personMetrics } from './person-distance.ts';

/** What is read of a photo. */
export type JudgedPhoto = Pick<PhotoRecord, 'id' | 'fileName' | 'widthPx' | 'heightPx' | 'faceCount' | 'faces'
  | 'faceIndex' | 'isFaceChosen' | 'facePoints' | 'faceEmbedding' | 'measures' | 'pictureHash' | 'verdict'
  | 'ownVerdict' | 'analyzedBy' | 'userChoice' | 'details'>;

export interface SetJudgement extends Judgement {
  readonly id: PhotoId;
  /** The face to learn, where the photos agree on another than was looked at; null where it is right as it is. */
  readonly otherFaceIndex: number | null;
}

/** Codes that only the photos together can speak of. */
const setCodes: readonly VerdictReasonCode[] = [
  'several-faces', 'face-by-agreement', 'another-person', 'perhaps-another-person', 'near-duplicate',
];

/** The photos that `engine` has looked at, judged together. Those that wait, or that another engine looked at, stay. */
export function judgePhotos(photos: readonly JudgedPhoto[], engine: FaceEngineId): SetJudgement[] {
  const ready = photos.filter(({ verdict, analyzedBy }) => verdict.grade !== 'waiting' && analyzedBy === engine);
  const metric = personMetrics[engine];
  const sayings = agreeOnFaces(ready.map((photo) => ({
    embeddings: photo.faces.map(({ embedding }) => embedding),
    chosenIndex: isTold(photo) ? photo.faceIndex : null,
    isAsked: photo.userChoice !== 'leave-out',
  })), metric);
  const verdicts = ready.map((photo, i) => withFaceFindings(photo, sayings[i]!));
  const sameAs = findNearDuplicates(ready.flatMap((photo, i) => compared(photo, verdicts[i]!)), metric);
  const nameOf = new Map(ready.map(({ id, fileName }) => [id, fileName]));
  return ready.map((photo, i) => {
    const sameAsPhotoId = sameAs.get(photo.id) ?? null;
    const { faceIndex } = sayings[i]!;
    return {
      id: photo.id, sameAsPhotoId,
      otherFaceIndex: faceIndex === photo.faceIndex || photo.faces.length === 0 ? null : faceIndex,
      verdict: sameAsPhotoId ? asDuplicate(photo, verdicts[i]!, nameOf.get(sameAsPhotoId) ?? '') : verdicts[i]!,
    };
  });
}

/** The user has said whose face it is: by choosing it, or by using a photo with one face whatever is said of it. */
function isTold({ isFaceChosen, userChoice, faces }: JudgedPhoto): boolean {
  return isFaceChosen || (userChoice === 'use' && faces.length === 1);
}

const choicesOf = ({ faces }: JudgedPhoto) => ({ hasFace: faces.length > 0, hasChoice: faces.length > 1 });

function withFaceFindings(photo: JudgedPhoto, { saying }: PhotoSaying): Verdict {
  return changeVerdict(photo.ownVerdict, { without: setCodes, more: faceFindings(photo, saying) }, choicesOf(photo));
}

function faceFindings({ faceCount, faces }: JudgedPhoto, saying: PhotoSaying['saying']): Finding[] {
  switch (saying) {
    case 'fits': return [];
    case 'undecided': return [severalFaces(faceCount, faces.filter(({ embedding }) => embedding).length)];
    case 'agreed':
      return [{
        code: 'face-by-agreement', isSevere: false,
        reason: `${faceCount} faces: the one that is in the other photos is taken`,
      }];
    case 'another-person':
      return [{
        code: 'another-person', isSevere: true,
        reason: faceCount === 1 ? 'another person than in the other photos'
          : `none of the ${faceCount} faces is the person in the other photos`,
      }];
    case 'perhaps-another-person':
      return [{
        code: 'perhaps-another-person', isSevere: false,
        reason: 'perhaps another person than in the other photos, which are too few to tell',
      }];
  }
}

/** Only photos that would be used can be in each other's way. */
function compared(photo: JudgedPhoto, verdict: Verdict): ComparedPhoto<PhotoId>[] {
  const { faceEmbedding, facePoints, measures, userChoice } = photo;
  const isOut = userChoice === 'leave-out' || (verdict.grade === 'left-out' && userChoice !== 'use');
  if (isOut || !faceEmbedding || !facePoints || !measures || photo.pictureHash === '') return [];
  const { id, pictureHash, widthPx, heightPx } = photo;
  return [{
    id, pictureHash, widthPx, heightPx, embedding: faceEmbedding, points: facePoints, sharpness: measures.sharpness,
    facePx: measures.facePx, background: photo.details.find((detail) => detail.endsWith(' background')),
    isWanted: userChoice === 'use',
  }];
}

function asDuplicate(photo: JudgedPhoto, verdict: Verdict, otherName: string): Verdict {
  const reason = `nearly the same picture as ${otherName.replaceAll(';', ',')}, which is as sharp or sharper`;
  return changeVerdict(
    verdict, { without: [], more: [{ code: 'near-duplicate', reason, isSevere: true }] }, choicesOf(photo));
}
