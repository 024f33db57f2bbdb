// Queries over portraits. Removing one moves it to the trash, which is emptied when the library is next opened.

import type { Database } from 'better-sqlite3';
import type { z } from 'zod';
import {
  type FaceEngineId, type Likeness, type LikenessLevel, facePointsSchema, instantlySchema, likenessSchema,
} from '../contract/faces.ts';
import type { AdapterId, JobId, PackId, PortraitId, StyleId, SubjectId } from '../contract/ids.ts';
import type { Portrait } from '../contract/nouns.ts';
import { generationSettingsSchema } from '../contract/settings.ts';

export interface PortraitRecord extends Portrait {
  /** Which item of its job this is. */
  readonly itemIndex: number;
  readonly fileSha256: string;
  /** The portrait before its face pass and upscale. */
  readonly beforeSha256: string | null;
}

/** A portrait as it is first kept; whether there is one from before its face pass follows from `beforeSha256`. */
export type NewPortrait = Omit<PortraitRecord, 'hasBefore'>;

export interface PortraitQueries {
  /** Throws when this item of the job has its portrait already. */
  insert(portrait: NewPortrait): void;
  get(id: PortraitId): PortraitRecord | undefined;
  /** Those of the subject and those in which they are the second person; newest first, without the trash. */
  list(subjectId: SubjectId): PortraitRecord[];
  /** In the order of the job's items, without the trash. */
  ofJob(jobId: JobId): PortraitRecord[];
  /** Into the trash, or out of it with null. */
  setRemoved(id: PortraitId, removedAtMs: number | null): void;
  emptyTrash(): void;
}

interface PortraitRow {
  id: PortraitId; subject_id: SubjectId; job_id: JobId; item_index: number; adapter_id: AdapterId | null;
  pack_id: PackId; style_id: StyleId | null; prompt: string; negative_prompt: string; seed: number; width_px: number;
  height_px: number; sampling_steps: number; sampler: string; guidance_scale: number; adapter_strength: number;
  likeness_cosine: number | null; likeness_distance: number | null; latent_distance: number | null;
  place_cosine: number | null; likeness_engine: FaceEngineId | null; likeness_level: LikenessLevel | null;
  instantly: string | null; second_subject_id: SubjectId | null; second_adapter_id: AdapterId | null;
  second_likeness: string | null; face_points: string | null; is_face_redrawn: number; before_sha256: string | null;
  settings: string; file_sha256: string; created_at_ms: number; removed_at_ms: number | null;
}

const insertSql = `
insert into portrait (id, subject_id, job_id, item_index, adapter_id, pack_id, style_id, prompt, negative_prompt, seed,
  width_px, height_px, sampling_steps, sampler, guidance_scale, adapter_strength, likeness_cosine, likeness_distance,
  latent_distance, place_cosine, likeness_engine, likeness_level, instantly, second_subject_id, second_adapter_id,
  second_likeness, face_points, is_face_redrawn, before_sha256, settings, file_sha256, created_at_ms)
values (@id, @subjectId, @jobId, @itemIndex, @adapterId, @packId, @styleId, @prompt, @negativePrompt, @seed,
  @widthPx, @heightPx, @samplingSteps, @sampler, @guidanceScale, @adapterStrength, @cosine, @distance,
  @latentDistance, @placeCosine, @engine, @level, @instantly, @secondSubjectId, @secondAdapterId,
  @secondLikeness, @facePoints, @isFaceRedrawn, @beforeSha256, @settings, @fileSha256, @createdAtMs)`;

export function portraitQueries(database: Database): PortraitQueries {
  const insert = database.prepare(insertSql);
  const get = database.prepare<[string], PortraitRow>('select * from portrait where id = ?');
  const list = database.prepare<[{ id: string }], PortraitRow>(`
    select * from portrait where (subject_id = @id or second_subject_id = @id) and removed_at_ms is null
    order by created_at_ms desc, id`);
  const ofJob = database.prepare<[string], PortraitRow>(`
    select * from portrait where job_id = ? and removed_at_ms is null order by item_index`);
  const setRemoved = database.prepare('update portrait set removed_at_ms = ? where id = ?');
  const emptyTrash = database.prepare('delete from portrait where removed_at_ms is not null');
  return {
    insert: (portrait) => void insert.run(toRow(portrait)),
    get(id) {
      const row = get.get(id);
      return row && toRecord(row);
    },
    list: (id) => list.all({ id }).map(toRecord),
    ofJob: (jobId) => ofJob.all(jobId).map(toRecord),
    setRemoved: (id, removedAtMs) => void setRemoved.run(removedAtMs, id),
    emptyTrash: () => void emptyTrash.run(),
  };
}

function toRow({ likeness, second, instantly, facePoints, settings, isFaceRedrawn, ...portrait }: NewPortrait): object {
  return {
    ...portrait, placeCosine: null, engine: null, level: null, ...likeness,
    instantly: instantly && JSON.stringify(instantly),
    secondSubjectId: second?.subjectId ?? null, secondAdapterId: second?.adapterId ?? null,
    secondLikeness: second && JSON.stringify(second.likeness),
    facePoints: facePoints && JSON.stringify(facePoints), isFaceRedrawn: Number(isFaceRedrawn),
    settings: JSON.stringify(settings),
  };
}

const unmeasured: Likeness = { cosine: null, distance: null, latentDistance: null };

function toRecord(row: PortraitRow): PortraitRecord {
  return {
    id: row.id, subjectId: row.subject_id, jobId: row.job_id, itemIndex: row.item_index, adapterId: row.adapter_id,
    packId: row.pack_id, styleId: row.style_id, prompt: row.prompt, negativePrompt: row.negative_prompt,
    seed: row.seed, widthPx: row.width_px, heightPx: row.height_px, samplingSteps: row.sampling_steps,
    sampler: row.sampler, guidanceScale: row.guidance_scale, adapterStrength: row.adapter_strength,
    likeness: {
      cosine: row.likeness_cosine, distance: row.likeness_distance, latentDistance: row.latent_distance,
      placeCosine: row.place_cosine, level: row.likeness_level,
      ...(row.likeness_engine ? { engine: row.likeness_engine } : {}),
    },
    instantly: parsed(instantlySchema, row.instantly),
    second: row.second_subject_id && {
      subjectId: row.second_subject_id, adapterId: row.second_adapter_id,
      likeness: parsed(likenessSchema, row.second_likeness) ?? unmeasured,
    },
    facePoints: parsed(facePointsSchema, row.face_points),
    isFaceRedrawn: row.is_face_redrawn === 1, hasBefore: row.before_sha256 !== null,
    settings: parsed(generationSettingsSchema, row.settings) ?? {},
    createdAtMs: row.created_at_ms, fileSha256: row.file_sha256, beforeSha256: row.before_sha256,
  };
}

/** What is not understood, because it comes from another version, is left out. */
function parsed<T>(schema: z.ZodType<T>, text: string | null): T | null {
  return text === null ? null : schema.safeParse(JSON.parse(text)).data ?? null;
}
