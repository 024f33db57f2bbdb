// Queries over portraits. Removing one moves it to the trash, which is emptied when the library is next opened.

import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { addOnSchema } from '../contract/add-ons.ts';
import {
  type FaceEngineId, type Likeness, type LikenessLevel, facePointsSchema, instantlySchema, likenessSchema,
} from '../contract/faces.ts';
import { type PortraitFlag, type PortraitOrigin, variationSchema } from '../contract/gallery.ts';
import type { AdapterId, JobId, PackId, PhotoId, PortraitId, StyleId, SubjectId } from '../contract/ids.ts';
import type { Portrait } from '../contract/nouns.ts';
import { generationSettingsSchema } from '../contract/settings.ts';

export interface PortraitRecord extends Portrait {
  /** Which item of its job this is. */
  readonly itemIndex: number;
  readonly fileSha256: string;
  /** The portrait before its face pass and upscale. */
  readonly beforeSha256: string | null;
  /** A small picture for the gallery; null where the portrait itself is small. */
  readonly tileSha256: string | null;
}

/** A portrait as it is first kept; whether there is one from before its face pass follows from `beforeSha256`. */
export type NewPortrait = Omit<PortraitRecord, 'hasBefore' | Later> & Partial<Pick<PortraitRecord, Later>>;

/** What only some portraits have, or get afterwards. */
type Later = 'rating' | 'flag' | 'nearestPhotoId' | 'variation' | 'origin' | 'tileSha256';

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
  /** A small picture for the gallery that was made later; null where it was lost. */
  setTile(id: PortraitId, tileSha256: string | null): void;
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
  settings: string; rating: number; flag: -1 | 0 | 1; tile_sha256: string | null; nearest_photo_id: PhotoId | null;
  variation: string | null; origin_portrait_id: PortraitId | null; origin_how: PortraitOrigin['how'] | null;
  file_sha256: string; created_at_ms: number; removed_at_ms: number | null; add_ons: string | null;
}

const insertSql = `
insert into portrait (id, subject_id, job_id, item_index, adapter_id, pack_id, style_id, prompt, negative_prompt, seed,
  width_px, height_px, sampling_steps, sampler, guidance_scale, adapter_strength, likeness_cosine, likeness_distance,
  latent_distance, place_cosine, likeness_engine, likeness_level, instantly, second_subject_id, second_adapter_id,
  second_likeness, face_points, is_face_redrawn, before_sha256, settings, rating, flag, nearest_photo_id, variation,
  origin_portrait_id, origin_how, tile_sha256, file_sha256, created_at_ms, add_ons)
values (@id, @subjectId, @jobId, @itemIndex, @adapterId, @packId, @styleId, @prompt, @negativePrompt, @seed,
  @widthPx, @heightPx, @samplingSteps, @sampler, @guidanceScale, @adapterStrength, @cosine, @distance,
  @latentDistance, @placeCosine, @engine, @level, @instantly, @secondSubjectId, @secondAdapterId,
  @secondLikeness, @facePoints, @isFaceRedrawn, @beforeSha256, @settings, @rating, @flag, @nearestPhotoId, @variation,
  @originPortraitId, @originHow, @tileSha256, @fileSha256, @createdAtMs, @addOns)`;

export function portraitQueries(database: Database): PortraitQueries {
  const insert = database.prepare(insertSql);
  const get = database.prepare<[string], PortraitRow>('select * from portrait where id = ?');
  const list = database.prepare<[{ id: string }], PortraitRow>(`
    select * from portrait where (subject_id = @id or second_subject_id = @id) and removed_at_ms is null
    order by created_at_ms desc, id`);
  const ofJob = database.prepare<[string], PortraitRow>(`
    select * from portrait where job_id = ? and removed_at_ms is null order by item_index`);
  const setRemoved = database.prepare('update portrait set removed_at_ms = ? where id = ?');
  const setTile = database.prepare('update portrait set tile_sha256 = ? where id = ?');
  const emptyTrash = database.prepare('delete from portrait where removed_at_ms is not null');
  return {
    insert: (portrait) => void insert.run(toRow(portrait)),
    get(id) {
      const row = get.get(id);
      return row && toRecord(row);
    },
    list: (id) => list.all({ id }).map(toRecord),
    ofJob: (jobId) => ofJob.all(jobId).map(toRecord),
    setTile: (id, tileSha256) => void setTile.run(tileSha256, id),
    setRemoved: (id, removedAtMs) => void setRemoved.run(removedAtMs, id),
    emptyTrash: () => void emptyTrash.run(),
  };
}

function toRow(whole: NewPortrait): object {
  const {
    likeness, second, instantly, facePoints, settings, isFaceRedrawn, flag = 'none', variation = null, origin,
    addOns = [], ...portrait
  } = whole;
  return {
    rating: 0, nearestPhotoId: null, tileSha256: null, ...portrait,
    placeCosine: null, engine: null, level: null, ...likeness,
    flag: flagNumbers[flag], variation: variation && JSON.stringify(variation),
    originPortraitId: origin?.portraitId ?? null, originHow: origin?.how ?? null,
    instantly: instantly && JSON.stringify(instantly),
    secondSubjectId: second?.subjectId ?? null, secondAdapterId: second?.adapterId ?? null,
    secondLikeness: second && JSON.stringify(second.likeness),
    facePoints: facePoints && JSON.stringify(facePoints), isFaceRedrawn: Number(isFaceRedrawn),
    settings: JSON.stringify(settings), addOns: addOns.length > 0 ? JSON.stringify(addOns) : null,
  };
}

const addOnsSchema = z.array(addOnSchema.extend({ name: z.string() }));

export const flagNumbers: Readonly<Record<PortraitFlag, -1 | 0 | 1>> = { pick: 1, none: 0, reject: -1 };

export function flagOf(number: -1 | 0 | 1): PortraitFlag {
  return number === 1 ? 'pick' : number === -1 ? 'reject' : 'none';
}

const unmeasured: Likeness = { cosine: null, distance: null, latentDistance: null };

/** What portraits were drawn with that say nothing of it, as it was not there yet; not what a model draws with now. */
const settingsBefore = { attentionGuidanceScale: 0 } as const;

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
    settings: { ...settingsBefore, ...parsed(generationSettingsSchema, row.settings) },
    rating: row.rating, flag: flagOf(row.flag), nearestPhotoId: row.nearest_photo_id,
    variation: parsed(variationSchema, row.variation),
    origin: row.origin_portrait_id && row.origin_how
      ? { portraitId: row.origin_portrait_id, how: row.origin_how } : null,
    tileSha256: row.tile_sha256, ...(row.add_ons === null ? {} : { addOns: parsed(addOnsSchema, row.add_ons) ?? [] }),
    createdAtMs: row.created_at_ms, fileSha256: row.file_sha256, beforeSha256: row.before_sha256,
  };
}

/** What is not understood, because it comes from another version, is left out. */
function parsed<T>(schema: z.ZodType<T>, text: string | null): T | null {
  return text === null ? null : schema.safeParse(JSON.parse(text)).data ?? null;
}
