// Queries over photos and their face embeddings.

import type { Database } from 'better-sqlite3';
import type { PhotoId, SubjectId } from '../contract/ids.ts';
import type { Verdict } from '../contract/faces.ts';
import type { Box } from '../contract/nouns.ts';

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
  readonly faceBox: Box | null;
  readonly faceCount: number;
  readonly verdict: Verdict;
  readonly userChoice: 'use' | 'leave-out' | null;
  /** The user's own words; '' where the usual caption serves. */
  readonly caption: string;
  /** How often teaching sees it where it sees the others once. */
  readonly repeats: number;
  /** What the usual caption names, such as 'grey background'. */
  readonly details: readonly string[];
  readonly faceEmbedding: Float32Array | null;
}

export type NewPhoto = Pick<PhotoRecord, 'id' | 'subjectId' | 'originalSha256' | 'previewSha256' | 'thumbnailSha256'
  | 'fileName' | 'widthPx' | 'heightPx' | 'addedAtMs'>;

export type PhotoAnalysis = Pick<PhotoRecord, 'cropSha256' | 'faceBox' | 'faceCount' | 'verdict' | 'details'
  | 'faceEmbedding'>;

export interface PhotoQueries {
  insert(photo: NewPhoto): void;
  get(id: PhotoId): PhotoRecord | undefined;
  findOriginal(subjectId: SubjectId, originalSha256: string): PhotoRecord | undefined;
  /** In the order they were added. */
  list(subjectId: SubjectId): PhotoRecord[];
  setAnalysis(id: PhotoId, analysis: PhotoAnalysis): void;
  setChoice(id: PhotoId, userChoice: PhotoRecord['userChoice']): void;
  setCaption(id: PhotoId, caption: string): void;
  setRepeats(id: PhotoId, repeats: number): void;
}

interface PhotoRow {
  id: PhotoId; subject_id: SubjectId; original_sha256: string; preview_sha256: string; thumbnail_sha256: string;
  crop_sha256: string | null; file_name: string; width_px: number; height_px: number; added_at_ms: number;
  face_box: string | null; face_count: number; grade: Verdict['grade']; reason_codes: string; reason: string;
  user_choice: PhotoRecord['userChoice']; caption: string; repeats: number; details: string;
  embedding: Buffer | null;
}

const selectSql = 'select photo.*, embedding from photo left join face_embedding on photo_id = photo.id';

export function photoQueries(database: Database): PhotoQueries {
  const insert = database.prepare(`
    insert into photo (id, subject_id, original_sha256, preview_sha256, thumbnail_sha256, file_name, width_px,
      height_px, added_at_ms)
    values (@id, @subjectId, @originalSha256, @previewSha256, @thumbnailSha256, @fileName, @widthPx, @heightPx,
      @addedAtMs)`);
  const get = database.prepare<[string], PhotoRow>(`${selectSql} where photo.id = ?`);
  const find = database.prepare<[string, string], PhotoRow>(
    `${selectSql} where subject_id = ? and original_sha256 = ?`);
  const list = database.prepare<[string], PhotoRow>(`${selectSql} where subject_id = ? order by added_at_ms, photo.id`);
  const setChoice = database.prepare('update photo set user_choice = ? where id = ?');
  const setCaption = database.prepare('update photo set caption = ? where id = ?');
  const setRepeats = database.prepare('update photo set repeats = ? where id = ?');
  return {
    insert: (photo) => void insert.run(photo),
    get: (id) => toRecord(get.get(id)),
    findOriginal: (subjectId, sha256) => toRecord(find.get(subjectId, sha256)),
    list: (subjectId) => list.all(subjectId).map((row) => toRecord(row)!),
    setAnalysis: analysisWriter(database),
    setChoice: (id, userChoice) => void setChoice.run(userChoice, id),
    setCaption: (id, caption) => void setCaption.run(caption, id),
    setRepeats: (id, repeats) => void setRepeats.run(repeats, id),
  };
}

function analysisWriter(database: Database): PhotoQueries['setAnalysis'] {
  const update = database.prepare(`
    update photo set crop_sha256 = @cropSha256, face_box = @faceBox, face_count = @faceCount, grade = @grade,
      reason_codes = @reasonCodes, reason = @reason, details = @details where id = @id`);
  const removeEmbedding = database.prepare('delete from face_embedding where photo_id = ?');
  const insertEmbedding = database.prepare('insert into face_embedding (photo_id, embedding) values (?, ?)');
  return database.transaction((id: PhotoId, analysis: PhotoAnalysis) => {
    const { cropSha256, faceBox, faceCount, verdict, details, faceEmbedding } = analysis;
    update.run({
      id, cropSha256, faceCount, faceBox: faceBox && JSON.stringify(faceBox), grade: verdict.grade,
      reasonCodes: JSON.stringify(verdict.reasonCodes), reason: verdict.reason,
      details: JSON.stringify(details),
    });
    removeEmbedding.run(id);
    if (faceEmbedding) insertEmbedding.run(id, Buffer.from(new Float32Array(faceEmbedding).buffer));
  });
}

function toRecord(row: PhotoRow | undefined): PhotoRecord | undefined {
  return row && {
    id: row.id, subjectId: row.subject_id, originalSha256: row.original_sha256, previewSha256: row.preview_sha256,
    thumbnailSha256: row.thumbnail_sha256, cropSha256: row.crop_sha256, fileName: row.file_name,
    widthPx: row.width_px, heightPx: row.height_px, addedAtMs: row.added_at_ms,
    faceBox: row.face_box === null ? null : JSON.parse(row.face_box) as Box, faceCount: row.face_count,
    verdict: {
      grade: row.grade, reasonCodes: JSON.parse(row.reason_codes) as string[], reason: row.reason, hint: '', actions: [],
    },
    userChoice: row.user_choice, caption: row.caption, repeats: row.repeats,
    details: JSON.parse(row.details) as string[],
    // a copy, because a Buffer's bytes need not be aligned for float32
    faceEmbedding: row.embedding && new Float32Array(new Uint8Array(row.embedding).buffer),
  };
}
