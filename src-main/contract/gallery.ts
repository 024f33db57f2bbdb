// The gallery's questions: which portraits, in what order, and what the user thinks of them.
// A page of a hundred thousand is asked for piece by piece; the shapes of all of them come at once, as runs.

import { z } from 'zod';
import { adapterIdSchema, jobIdSchema, packIdSchema, portraitIdSchema, styleIdSchema, subjectIdSchema } from './ids.ts';

/** What the user made of a portrait when culling. */
export const portraitFlagSchema = z.enum(['pick', 'none', 'reject']);
export type PortraitFlag = z.infer<typeof portraitFlagSchema>;

/** Stars: 0 is not rated. */
export const ratingSchema = z.int().min(0).max(5);

/** Which portraits: all fields must fit; of a list one is enough, and an empty one asks nothing. */
export const portraitFilterSchema = z.object({
  /** Null: everybody's. Somebody who is the second person in a portrait has it, too. */
  subjectId: subjectIdSchema.nullable().default(null),
  jobId: jobIdSchema.nullable().default(null),
  /** Null among them: drawn without a look, without a style. */
  adapterIds: z.array(adapterIdSchema.nullable()).max(200).default([]),
  styleIds: z.array(styleIdSchema.nullable()).max(200).default([]),
  packIds: z.array(packIdSchema).max(200).default([]),
  flags: z.array(portraitFlagSchema).max(3).default([]),
  minimumRating: ratingSchema.default(0),
  /** Cosines; null asks nothing. Portraits without a likeness are in only where neither is set. */
  likenessFrom: z.number().nullable().default(null),
  likenessTo: z.number().nullable().default(null),
  /** When they were made, in milliseconds since 1970: from then on, and before then. */
  madeFromMs: z.number().nullable().default(null),
  madeToMs: z.number().nullable().default(null),
  /** Words that the prompt has, in any order and case. */
  text: z.string().max(200).default(''),
});
export type PortraitFilter = z.infer<typeof portraitFilterSchema>;

/** Portraits without a likeness or a rating come last; the newest first among equals. */
export const portraitSortSchema = z.enum(['newest', 'oldest', 'likeness', 'rating']);
export type PortraitSort = z.infer<typeof portraitSortSchema>;

/** How many portraits of the subject (or of everybody) each choice of a filter has. */
export const portraitFacetsSchema = z.object({
  total: z.int(),
  styles: z.array(z.object({ id: styleIdSchema.nullable(), count: z.int() })),
  looks: z.array(z.object({ id: adapterIdSchema.nullable(), name: z.string(), count: z.int() })),
  packs: z.array(z.object({ id: packIdSchema, count: z.int() })),
  ratings: z.array(z.object({ rating: ratingSchema, count: z.int() })),
  flags: z.array(z.object({ flag: portraitFlagSchema, count: z.int() })),
  likeness: z.object({ low: z.number(), high: z.number() }).nullable(),
});
export type PortraitFacets = z.infer<typeof portraitFacetsSchema>;

/** Width over height of portraits one after the other, in the order asked for: so many of one shape, then the next. */
export const shapeRunSchema = z.object({ count: z.int().min(1), aspect: z.number().positive() });
export type ShapeRun = z.infer<typeof shapeRunSchema>;

/** Drawn near another one: its seed's noise turned towards that of a second seed (A1111's variation strength). */
const turnSchema = z.object({ seed: z.int().min(0).max(0xffff_ffff), strength: z.number().min(0).max(1) });
export const variationSchema = turnSchema.extend({
  /** Of one near a portrait that was itself near another one: the turns before this one, the first of them first. */
  earlier: z.array(turnSchema).max(100).optional(),
});
export type Variation = z.infer<typeof variationSchema>;

/** A portrait made from another one: a neighbour of it, or itself enlarged. */
export const originSchema = z.object({ portraitId: portraitIdSchema, how: z.enum(['varied', 'upscaled', 'repeated']) });
export type PortraitOrigin = z.infer<typeof originSchema>;
