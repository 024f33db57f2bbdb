// Queries over photos, the faces in them and their embeddings.

import type { Database } from 'better-sqlite3';
import type { FaceEngineId, FacePointsInPicture, PhotoMeasures, Verdict } from '../contract/faces.ts';
import type { PhotoId, SubjectId } from '../contract/ids.ts';
import type { Box } from '../contract/nouns.ts';

/** One of the faces in a photo; positions are fractions of it. */
export interface FoundFace {
  readonly box: Box;
  readonly score: number;
  readonly points: FacePointsInPicture;
  /** Of the networks that found it; null where there were too many faces to embed them all. */
  readonly embedding: Float32Array | null;
}

/** A photo as it is kept; the names of files are those of the store. */
export interface PhotoRecord {
  readonly id: PhotoId;
  readonly subjectId: SubjectId;
  /** The file as it came. */
  readonly originalSha256: string;
  /** The picture upright, sRGB, at most 1024 pixels long, without metadata. */
  readonly previewSha256: string;
  readonly thumbnailSha256: string;
  /** The training crop; null before analysis and where no face was found. */
  readonly cropSha256: string | null;
  readonly fileName: string;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly addedAtMs: number;
  /** The face that will be learned. */
  readonly faceBox: Box | null;
  readonly faceCount: number;
  /** The largest first. */
  readonly faces: readonly FoundFace[];
  /** Which of them will be learned, and whether the user said so. */
  readonly faceIndex: number | null;
  readonly isFaceChosen: boolean;
  readonly facePoints: FacePointsInPicture | null;
  readonly measures: PhotoMeasures | null;
  /** 64-bit difference hash as 16 hexadecimal digits; '' before analysis. */
  readonly pictureHash: string;
  /** Of this photo among the subject's others. */
  readonly verdict: Verdict;
  /** Of this photo alone. */
  readonly ownVerdict: Verdict;
  readonly sameAsPhotoId: PhotoId | null;
  /** Whose networks looked at it; null before, and where an older version did. */
  readonly analyzedBy: FaceEngineId | null;
  readonly userChoice: 'use' | 'leave-out' | null;
  /** The user's own words; '' where the usual caption serves. */
  readonly caption: string;
  /** How often teaching sees it where it sees the others once. */
  readonly repeats: number;
  /** What the usual caption names, such as 'grey background'. */
  readonly details: readonly string[];
  readonly faceEmbedding: Float32Array | null;
  /** Whose networks made the embedding; embeddings of two of them cannot be compared. */
  readonly embeddingEngine: FaceEngineId | null;
}

export type NewPhoto = Pick<PhotoRecord, 'id' | 'subjectId' | 'originalSha256' | 'previewSha256' | 'thumbnailSha256'
  | 'fileName' | 'widthPx' | 'heightPx' | 'addedAtMs'>;

/** What one look at a photo gives. `verdict` is of the photo alone. */
export type PhotoAnalysis = Pick<PhotoRecord, 'cropSha256' | 'faceBox' | 'faceCount' | 'faces' | 'faceIndex'
  | 'isFaceChosen' | 'facePoints' | 'measures' | 'pictureHash' | 'verdict' | 'details' | 'faceEmbedding'> & {
    readonly analyzedBy: FaceEngineId;
  };

/** What the subject's photos together say of one. */
export type Judgement = Pick<PhotoRecord, 'verdict' | 'sameAsPhotoId'>;

export interface PhotoQueries {
  insert(photo: NewPhoto): void;
  get(id: PhotoId): PhotoRecord | undefined;
  findOriginal(subjectId: SubjectId, originalSha256: string): PhotoRecord | undefined;
  /** In the order they were added. */
  list(subjectId: SubjectId): PhotoRecord[];
  setAnalysis(id: PhotoId, analysis: PhotoAnalysis): void;
  setJudgement(id: PhotoId, judgement: Judgement): void;
  /** The user's choice of a face, or null to leave it to the other photos; the photo waits to be analyzed again. */
  chooseFace(id: PhotoId, faceIndex: number | null): void;
  setChoice(id: PhotoId, userChoice: PhotoRecord['userChoice']): void;
  setCaption(id: PhotoId, caption: string): void;
  setRepeats(id: PhotoId, repeats: number): void;
  /** Others in the place of previews that were lost. */
  setPreviews(id: PhotoId, previews: Pick<PhotoRecord, 'previewSha256' | 'thumbnailSha256'>): void;
}

interface PhotoRow {
  id: PhotoId; subject_id: SubjectId; original_sha256: string; preview_sha256: string; thumbnail_sha256: string;
  crop_sha256: string | null; file_name: string; width_px: number; height_px: number; added_at_ms: number;
  face_box: string | null; face_count: number; face_index: number | null; is_face_chosen: number;
  face_points: string | null; measures: string | null; picture_hash: string; same_as_photo_id: PhotoId | null;
  grade: Verdict['grade']; reason_codes: string; reason: string; hint: string; actions: string;
  own_verdict: string | null; analyzed_by: FaceEngineId | null;
  user_choice: PhotoRecord['userChoice']; caption: string; repeats: number; details: string;
  embedding: Buffer | null; embedding_engine: FaceEngineId | null;
}

interface FaceRow {
  photo_id: PhotoId; box: string; score: number; points: string; embedding: Buffer | null;
}

const selectSql = `
select photo.*, embedding, engine as embedding_engine from photo left join face_embedding on photo_id = photo.id`;
const facesSql = 'select found_face.* from found_face';

export function photoQueries(database: Database): PhotoQueries {
  const insert = database.prepare(`
    insert into photo (id, subject_id, original_sha256, preview_sha256, thumbnail_sha256, file_name, width_px,
      height_px, added_at_ms)
    values (@id, @subjectId, @originalSha256, @previewSha256, @thumbnailSha256, @fileName, @widthPx, @heightPx,
      @addedAtMs)`);
  const setChoice = database.prepare('update photo set user_choice = ? where id = ?');
  const setCaption = database.prepare('update photo set caption = ? where id = ?');
  const setPreviews = database.prepare(
    'update photo set preview_sha256 = @previewSha256, thumbnail_sha256 = @thumbnailSha256 where id = @id');
  const setRepeats = database.prepare('update photo set repeats = ? where id = ?');
  return {
    insert: (photo) => void insert.run(photo),
    ...photoReaders(database),
    setAnalysis: analysisWriter(database),
    setJudgement: judgementWriter(database),
    chooseFace: faceChooser(database),
    setChoice: (id, userChoice) => void setChoice.run(userChoice, id),
    setCaption: (id, caption) => void setCaption.run(caption, id),
    setRepeats: (id, repeats) => void setRepeats.run(repeats, id),
    setPreviews: (id, previews) => void setPreviews.run({ id, ...previews }),
  };
}

function photoReaders(database: Database): Pick<PhotoQueries, 'get' | 'findOriginal' | 'list'> {
  const get = database.prepare<[string], PhotoRow>(`${selectSql} where photo.id = ?`);
  const find = database.prepare<[string, string], PhotoRow>(
    `${selectSql} where subject_id = ? and original_sha256 = ?`);
  const list = database.prepare<[string], PhotoRow>(`${selectSql} where subject_id = ? order by added_at_ms, photo.id`);
  const faces = database.prepare<[string], FaceRow>(`${facesSql} where photo_id = ? order by face_index`);
  const allFaces = database.prepare<[string], FaceRow>(
    `${facesSql} join photo on photo.id = photo_id where subject_id = ? order by photo_id, face_index`);
  const withFaces = (row: PhotoRow | undefined): PhotoRecord | undefined =>
    row && toRecord(row, faces.all(row.id).map(toFace));
  return {
    get: (id) => withFaces(get.get(id)),
    findOriginal: (subjectId, sha256) => withFaces(find.get(subjectId, sha256)),
    list(subjectId) {
      const ofPhoto = new Map<PhotoId, FoundFace[]>();
      for (const row of allFaces.iterate(subjectId)) {
        ofPhoto.set(row.photo_id, [...ofPhoto.get(row.photo_id) ?? [], toFace(row)]);
      }
      return list.all(subjectId).map((row) => toRecord(row, ofPhoto.get(row.id) ?? []));
    },
  };
}

function analysisWriter(database: Database): PhotoQueries['setAnalysis'] {
  const update = database.prepare(`
    update photo set crop_sha256 = @cropSha256, face_box = @faceBox, face_count = @faceCount, face_index = @faceIndex,
      is_face_chosen = @isFaceChosen, face_points = @facePoints, measures = @measures,
      picture_hash = @pictureHash, own_verdict = @ownVerdict, details = @details, analyzed_by = @analyzedBy,
      same_as_photo_id = null
    where id = @id`);
  const setVerdict = verdictWriter(database);
  const removeEmbedding = database.prepare('delete from face_embedding where photo_id = ?');
  const insertEmbedding = database.prepare('insert into face_embedding (photo_id, embedding, engine) values (?, ?, ?)');
  const keepFaces = faceWriter(database);
  return database.transaction((id: PhotoId, analysis: PhotoAnalysis) => {
    const { cropSha256, faceCount, faceIndex, pictureHash, verdict, analyzedBy, faceEmbedding } = analysis;
    const [faceBox, facePoints, measures] = [analysis.faceBox, analysis.facePoints, analysis.measures].map(asJson);
    update.run({
      id, cropSha256, faceCount, faceIndex, pictureHash, analyzedBy, faceBox, facePoints, measures,
      isFaceChosen: Number(analysis.isFaceChosen),
      ownVerdict: JSON.stringify(verdict), details: JSON.stringify(analysis.details),
    });
    setVerdict(id, verdict);
    removeEmbedding.run(id);
    if (faceEmbedding) insertEmbedding.run(id, toBlob(faceEmbedding), analyzedBy);
    keepFaces(id, analysis.faces);
  });
}

function faceWriter(database: Database): (id: PhotoId, faces: readonly FoundFace[]) => void {
  const remove = database.prepare('delete from found_face where photo_id = ?');
  const insert = database.prepare(`
    insert into found_face (photo_id, face_index, box, score, points, embedding) values (?, ?, ?, ?, ?, ?)`);
  return (id, faces) => {
    remove.run(id);
    faces.forEach(({ box, score, points, embedding }, index) =>
      insert.run(id, index, JSON.stringify(box), score, JSON.stringify(points), embedding && toBlob(embedding)));
  };
}

function verdictWriter(database: Database): (id: PhotoId, verdict: Verdict) => void {
  const update = database.prepare(`
    update photo set grade = @grade, reason_codes = @reasonCodes, reason = @reason, hint = @hint, actions = @actions
    where id = @id`);
  return (id, { grade, reasonCodes, reason, hint, actions }) => void update.run({
    id, grade, reason, hint, reasonCodes: JSON.stringify(reasonCodes), actions: JSON.stringify(actions),
  });
}

function judgementWriter(database: Database): PhotoQueries['setJudgement'] {
  const setVerdict = verdictWriter(database);
  const setSameAs = database.prepare('update photo set same_as_photo_id = ? where id = ?');
  return database.transaction((id: PhotoId, { verdict, sameAsPhotoId }: Judgement) => {
    setVerdict(id, verdict);
    setSameAs.run(sameAsPhotoId, id);
  });
}

function faceChooser(database: Database): PhotoQueries['chooseFace'] {
  const update = database.prepare(`
    update photo set is_face_chosen = @isChosen, face_index = @faceIndex, grade = 'waiting', reason_codes = '[]',
      reason = '', hint = '', actions = '[]', crop_sha256 = null, measures = null, same_as_photo_id = null,
      face_box = (select box from found_face where photo_id = @id and face_index = @faceIndex),
      face_points = (select points from found_face where photo_id = @id and face_index = @faceIndex)
    where id = @id`);
  const removeEmbedding = database.prepare('delete from face_embedding where photo_id = ?');
  return database.transaction((id: PhotoId, faceIndex: number | null) => {
    update.run({ id, faceIndex, isChosen: Number(faceIndex !== null) });
    removeEmbedding.run(id);
  });
}

function toRecord(row: PhotoRow, faces: readonly FoundFace[]): PhotoRecord {
  const verdict: Verdict = {
    grade: row.grade, reasonCodes: fromJson<string[]>(row.reason_codes)!, reason: row.reason, hint: row.hint,
    actions: fromJson<Verdict['actions']>(row.actions)!,
  };
  return {
    id: row.id, subjectId: row.subject_id, originalSha256: row.original_sha256, previewSha256: row.preview_sha256,
    thumbnailSha256: row.thumbnail_sha256, cropSha256: row.crop_sha256, fileName: row.file_name,
    widthPx: row.width_px, heightPx: row.height_px, addedAtMs: row.added_at_ms,
    faceBox: fromJson<Box>(row.face_box), faceCount: row.face_count, faces, faceIndex: row.face_index,
    isFaceChosen: row.is_face_chosen === 1, facePoints: fromJson<FacePointsInPicture>(row.face_points),
    measures: fromJson<PhotoMeasures>(row.measures), pictureHash: row.picture_hash,
    verdict, ownVerdict: fromJson<Verdict>(row.own_verdict) ?? verdict, sameAsPhotoId: row.same_as_photo_id,
    analyzedBy: row.analyzed_by, userChoice: row.user_choice, caption: row.caption, repeats: row.repeats,
    details: fromJson<string[]>(row.details)!,
    faceEmbedding: fromBlob(row.embedding), embeddingEngine: row.embedding_engine,
  };
}

function toFace({ box, score, points, embedding }: FaceRow): FoundFace {
  return {
    score, box: fromJson<Box>(box)!, points: fromJson<FacePointsInPicture>(points)!, embedding: fromBlob(embedding),
  };
}

function asJson(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}

function fromJson<T>(text: string | null): T | null {
  return text === null ? null : JSON.parse(text) as T;
}

function toBlob(embedding: Float32Array): Buffer {
  return Buffer.from(new Float32Array(embedding).buffer);
}

/** A copy, because a Buffer's bytes need not be aligned for float32. */
function fromBlob(blob: Buffer | null): Float32Array | null {
  return blob && new Float32Array(new Uint8Array(blob).buffer);
}
