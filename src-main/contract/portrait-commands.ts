// Commands over portraits: ask for a batch, look through them, mark, repeat, save. See studio.ts.

import { z } from 'zod';
import { instantlySchema, secondPersonSchema } from './faces.ts';
import {
  portraitFacetsSchema, portraitFilterSchema, portraitFlagSchema, portraitSortSchema, ratingSchema, shapeRunSchema,
} from './gallery.ts';
import { adapterIdSchema, exportIdSchema, packIdSchema, photoIdSchema, portraitIdSchema, styleIdSchema,
  subjectIdSchema } from './ids.ts';
import { addOnSchema } from './add-ons.ts';
import { portraitSchema, startPictureSchema } from './nouns.ts';
import { generationSettingsSchema, pictureFormatSchema, seedSchema } from './settings.ts';
import { jobSchema } from './work.ts';

const none = z.object({});
const prompt = z.string().trim().min(1).max(2000);
const sizePx = z.int().min(64).max(2048).multipleOf(8);

const portraitsCreateSchema = z.object({
  subjectId: subjectIdSchema,
  adapterId: adapterIdSchema.nullable(),
  packId: packIdSchema,
  prompts: z.array(prompt).max(50).default([]),
  styleIds: z.array(styleIdSchema).max(500).default([]),
  negativePrompt: z.string().max(2000).default(''),
  /** Of each prompt and style, in each size and with each look. */
  count: z.int().min(1).max(1000),
  /** Sizes that each is drawn in; left empty, that of `settings`. */
  sizes: z.array(z.object({ widthPx: sizePx, heightPx: sizePx })).max(10).default([]),
  /** Looks that each is drawn with, null being the model alone; left empty, adapterId. */
  adapterIds: z.array(adapterIdSchema.nullable()).max(20).default([]),
  /** '{a|b}' in a prompt is drawn with every choice; else each portrait takes one, by its seed. */
  everyChoice: z.boolean().default(false),
  /** Left out: a random one. */
  seed: seedSchema.optional(),
  /** These seeds in place of `count` of them from `seed` on. */
  seeds: z.array(seedSchema).max(1000).default([]),
  compareWithout: z.boolean().default(false),
  /** Prompts stay as they are; else one that does not name the subject gets trigger and class word in front. */
  keepPrompts: z.boolean().default(false),
  /** Image to image: what every portrait starts from; `strength` 1 changes all of it, near 0 almost nothing. */
  start: startPictureSchema.nullable().default(null),
  /** Set: the face is given to the model without teaching (InstantID); a look may be used beside it. */
  instantly: instantlySchema.nullable().default(null),
  /** LoRAs and embeddings of the user's own beside the look; an embedding's word goes into the prompts. */
  addOns: z.array(addOnSchema).max(8).default([]),
  /** Somebody else in the same portraits; '{subject2}' in a prompt is where they go. */
  second: secondPersonSchema.nullable().default(null),
  /** Photos that likeness is measured against; left out: all that are used. */
  referencePhotoIds: z.array(photoIdSchema).min(1).max(10_000).optional(),
  settings: generationSettingsSchema.default({}),
});

export const portraitCommands = {
  'portraits.list': { request: z.object({ subjectId: subjectIdSchema }), response: z.array(portraitSchema) },
  /** Draws (prompts + styles) × count portraits on seed, seed + 1 …; with `compareWithout` also without the look. */
  'portraits.create': { request: portraitsCreateSchema, response: jobSchema },
  /** Moves portraits to the trash, and back with `restore`: the page's undo. The trash is emptied at the next start. */
  'portraits.remove': {
    request: z.object({
      portraitIds: z.array(portraitIdSchema).min(1).max(10_000),
      restore: z.boolean().default(false),
    }),
    response: none,
  },

  /** The portraits of a filter in order, from `offset` on, and how many there are in all. */
  'portraits.page': {
    request: z.object({
      filter: portraitFilterSchema.default(portraitFilterSchema.parse({})), sort: portraitSortSchema.default('newest'),
      offset: z.int().min(0).default(0), limit: z.int().min(1).max(500).default(100),
    }),
    response: z.object({ portraits: z.array(portraitSchema), total: z.int() }),
  },
  /** The shapes of all of them in the same order, for a grid that need not load them. */
  'portraits.layout': {
    request: z.object({
      filter: portraitFilterSchema.default(portraitFilterSchema.parse({})), sort: portraitSortSchema.default('newest'),
    }),
    response: z.object({ runs: z.array(shapeRunSchema), total: z.int() }),
  },
  /** The ids in the same order, for choosing all of them or a stretch. */
  'portraits.ids': {
    request: z.object({
      filter: portraitFilterSchema.default(portraitFilterSchema.parse({})), sort: portraitSortSchema.default('newest'),
      offset: z.int().min(0).default(0), limit: z.int().min(1).max(10_000).default(10_000),
    }),
    response: z.object({ portraitIds: z.array(portraitIdSchema), total: z.int() }),
  },
  'portraits.facets': {
    request: z.object({ subjectId: subjectIdSchema.nullable().default(null) }), response: portraitFacetsSchema,
  },
  'portraits.get': {
    request: z.object({ portraitIds: z.array(portraitIdSchema).min(1).max(500) }), response: z.array(portraitSchema),
  },
  /** What beside its own settings portraits.create was asked with for this portrait; null where there was none. */
  'portraits.recipe': {
    request: z.object({ portraitId: portraitIdSchema }),
    response: z.object({ start: startPictureSchema.nullable(), second: secondPersonSchema.nullable() }),
  },
  /** Stars, pick and reject; what is left out stays. */
  'portraits.mark': {
    request: z.object({
      portraitIds: z.array(portraitIdSchema).min(1).max(10_000),
      rating: ratingSchema.optional(), flag: portraitFlagSchema.optional(),
    }),
    response: none,
  },
  /** What portraits.create would draw: how many, the first prompts with every choice made, and how long it may take. */
  'portraits.plan': {
    request: portraitsCreateSchema,
    response: z.object({
      items: z.int(), prompts: z.array(z.string()),
      /** From batches of the same model and size before; null where there was none. */
      etaSeconds: z.number().nullable(),
      /** Parts of the prompts that the model's text encoder has no room for. */
      cutOff: z.array(z.string()).default([]),
    }),
  },
  /**
   * More from portraits there are: the same on new seeds; near them ('vary', by `strength`); or the same portrait
   * enlarged. One job for each batch that they are from.
   */
  'portraits.again': {
    request: z.object({
      portraitIds: z.array(portraitIdSchema).min(1).max(500), how: z.enum(['new-seeds', 'vary', 'upscale']),
      count: z.int().min(1).max(100).default(4), strength: z.number().min(0).max(1).default(0.3),
      upscale: z.number().min(1).max(4).default(2),
    }),
    response: z.array(jobSchema),
  },
  /** Queues the writing of portraits as picture files: one file, or a ZIP of several; see the job's outcome. */
  'portraits.export': {
    request: z.object({
      portraitIds: z.array(portraitIdSchema).min(1).max(10_000), format: pictureFormatSchema.default('png'),
      /** Of JPEG and WebP. */
      quality: z.int().min(1).max(100).default(92),
      /** Longer edge in pixels; null leaves the size. */
      longEdgePx: z.int().min(64).max(16_384).nullable().default(null),
      /** Prompt, seed and the like inside the file. The mark of AI is always there; a name or a path never. */
      withSettings: z.boolean().default(false),
      /** Letters that say AI in a corner; left out, as the settings have it. */
      visibleLabel: z.boolean().optional(),
      /** With {number}, {seed}, {style}, {date}. */
      fileName: z.string().trim().min(1).max(100).regex(/^[^/\\:*?"<>|]+$/).default('portrait-{number}'),
    }),
    response: jobSchema,
  },
  /** A sheet of these portraits, the best likeness first, behind media/export/<exportId>. */
  'portraits.contactSheet': {
    request: z.object({ portraitIds: z.array(portraitIdSchema).min(1).max(500) }),
    response: z.object({ exportId: exportIdSchema, fileName: z.string(), sizeBytes: z.number() }),
  },
} as const;
