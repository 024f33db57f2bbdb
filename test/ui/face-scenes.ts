// Scenes of faces: photos with several of them, measures and near-duplicates; portraits drawn instantly, of two people,
// with their face drawn again; models with networks beside them, some missing, some with a licence to accept.

import type { CompanionView } from '../../src-main/contract/companions.ts';
import type { FaceEngine, FacePointsInPicture, Likeness } from '../../src-main/contract/faces.ts';
import type { PackId } from '../../src-main/contract/ids.ts';
import type { Pack, Photo, Portrait } from '../../src-main/contract/nouns.ts';
import { look, measures, pack, photo, photoId, portrait, subjectId, verdict } from '../renderer/nouns.ts';
import { fullScene, manyPortraits } from './scenes.ts';
import { manySubjects, type Scene } from './stage.ts';

const points = (x: number, y: number, size: number): FacePointsInPicture => [
  { x: x - 0.45 * size, y: y - 0.5 * size }, { x: x + 0.45 * size, y: y - 0.5 * size }, { x: x + 0.1 * size, y },
  { x: x - 0.36 * size, y: y + 0.5 * size }, { x: x + 0.36 * size, y: y + 0.5 * size },
];
const threeFaces = [
  { x: 0.31, y: 0.14, width: 0.26, height: 0.42 }, { x: 0.03, y: 0.3, width: 0.16, height: 0.26 },
  { x: 0.72, y: 0.36, width: 0.2, height: 0.3 },
].map((box, index) => ({ box, score: 1 - index / 10 }));

export const judgedPhotos: Photo[] = [
  photo(1, { measures: measures({ yawDegrees: -24 }), facePoints: points(0.45, 0.4, 0.2) }),
  photo(2, { measures: measures(), facePoints: points(0.5, 0.4, 0.2) }),
  photo(3, {
    faces: threeFaces, faceBox: threeFaces[0]!.box, faceCount: 3, measures: measures({ pitchDegrees: -14 }),
    verdict: {
      grade: 'usable', reasonCodes: ['several-faces'], reason: '3 faces: the largest is taken',
      hint: 'Choose the face that is to be learned.', actions: ['choose-face', 'leave-out'],
    },
  }),
  photo(4, {
    measures: measures({ brightness: 52, occlusions: ['eyes'], sharpness: 0.02, rollDegrees: 14 }),
    verdict: {
      grade: 'usable', reasonCodes: ['eyes-covered'], reason: 'something covers the eyes',
      hint: 'Add photos without it, or the covering is learned as part of the face.', actions: ['leave-out'],
    },
  }),
  photo(5, {
    sameAsPhotoId: photoId(2), isUsed: false, measures: measures(),
    verdict: {
      grade: 'left-out', reasonCodes: ['near-duplicate'], reason: 'nearly the same as photo-2.jpg',
      hint: 'Keep this one instead if you like it better.', actions: ['keep-this-one'],
    },
  }),
  photo(6, {
    isUsed: false, measures: measures({ yawDegrees: 12 }),
    verdict: {
      grade: 'left-out', reasonCodes: ['another-person'], reason: 'the face is not that of the other photos',
      hint: 'If it is the same person, use it anyway.', actions: ['use-anyway'],
    },
  }),
  photo(7, {
    faceBox: null, faces: [], faceIndex: null, faceCount: 0, isUsed: false, verdict: verdict('left-out', 'no-face'),
  }),
];

const alike = (cosine: number, level: Likeness['level'] = null): Likeness => ({
  cosine, distance: 0.4, latentDistance: 0.5, engine: 'built-in', level,
});

/** In the order in which they are shown: the newest first. */
export const facePortraits: Portrait[] = [
  portrait(90, {
    ...manyPortraits[0]!, id: manyPortraits[0]!.id, createdAtMs: 9_000_000_000_000, adapterId: null,
    instantly: { pose: { kind: 'points', points: points(0.5, 0.45, 0.2) } }, isFaceRedrawn: true, hasBefore: true,
    settings: { imageStrength: 0.8, identityNetStrength: 0.7, facePass: 'auto', upscale: 2 },
    likeness: alike(0.61, 'as-two-photos'),
    second: { subjectId: subjectId(3), adapterId: null, likeness: alike(0.44, 'some') },
  }),
  ...(['nearly', 'some', 'none'] as const).map((level, index) => portrait(91 + index, {
    ...manyPortraits[index + 1]!, likeness: alike([0.47, 0.3, 0.08][index]!, level),
  })),
];

const companion = (
  kind: CompanionView['kind'], name: string, sizeBytes: number, changes: Partial<CompanionView>,
): CompanionView => ({
  kind, name, state: 'missing', isPublished: true, note: '', fileName: '', sizeBytes, source: 'InstantX/InstantID',
  license: 'InstantID weights: for research only', licenseId: 'instantid-weights', isLicenseAccepted: false,
  isCommercialUseAllowed: false, neededFor: ['instantly'], ...changes,
});
const insightface = {
  license: 'InsightFace models: for non-commercial research only', licenseId: 'insightface-models',
  neededFor: ['faces', 'instantly'] as CompanionView['neededFor'], source: 'deepinsight/insightface',
};

const companions: CompanionView[] = [
  companion('face-detector', 'antelopev2 face detector (SCRFD)', 16_923_827, {
    ...insightface, state: 'ready', fileName: 'scrfd_10g_bnkps.onnx',
  }),
  companion('face-recognizer', 'antelopev2 face recogniser (ArcFace)', 260_665_334, {
    ...insightface, state: 'ready', fileName: 'glintr100.onnx',
  }),
  companion('image-adapter', 'InstantID adapter', 1_691_134_141, {
    state: 'ready', fileName: 'ip-adapter.bin', isLicenseAccepted: true,
  }),
  companion('identity-net', 'InstantID IdentityNet', 2_502_139_136, {}),
  companion('fast-adapter', 'LCM-LoRA for SDXL', 393_855_224, {
    license: 'CreativeML Open RAIL++-M: commercial use allowed, with limits on what it is used for', licenseId: '',
    isLicenseAccepted: true, isCommercialUseAllowed: true, neededFor: ['fast'], source: 'latent-consistency',
  }),
];

export const faceEngines: FaceEngine[] = [
  {
    id: 'built-in', name: 'Built-in face networks', isInstalled: true, reason: '', license: 'MIT', licenseId: '',
    isCommercialUseAllowed: true,
  },
  {
    id: 'antelopev2', name: 'antelopev2 (insightface)', isInstalled: true, reason: '', isCommercialUseAllowed: false,
    license: insightface.license, licenseId: insightface.licenseId,
  },
];

const instantPack: Pack = {
  ...pack(), instantDefaults: { imageStrength: 0.8, identityNetStrength: 0.8 },
  instantly: { isReady: true, missing: [], isResearchOnly: false, canBeFast: false },
};
const sdxlPack: Pack = {
  ...pack(), id: 'sdxl' as PackId, name: 'SDXL base 1.0', description: 'A checkpoint of yours.', architecture: 'sdxl',
  isBuiltIn: false, resolutionPx: 1024, sizeBytes: 6_938_000_000, license: 'CreativeML Open RAIL++-M',
  instantly: {
    isReady: false, isResearchOnly: true, canBeFast: false,
    missing: [
      'InstantID (InstantID IdentityNet): 2.5 GB, for research only.',
      'antelopev2 face networks: its licence has not been accepted (for non-commercial research only).',
    ],
  },
};

/** A subject with judged photos; Bo agrees here, so that there is somebody for a second place. */
export const faceScene = (): Scene => ({
  ...fullScene(), photos: [...judgedPhotos, photo(20, { subjectId: subjectId(2) })], portraits: facePortraits,
  subjects: manySubjects.map((each) => ({ ...each, hasConsent: true })), packs: [instantPack],
  looks: [look(1), look(7, { subjectId: subjectId(2), name: 'Bo, quick likeness' })], jobs: [],
});

/** A model that has not all that instant portraits need. */
export const lackingScene = (): Scene => ({
  ...faceScene(), packs: [sdxlPack, instantPack], looks: [], companions, faceEngines,
});
