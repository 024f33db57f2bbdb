// Commands over models that come from elsewhere, the memory that work takes, and the machine. See studio.ts.

import { z } from 'zod';
import { addOnSchema, foundModelIdSchema } from './add-ons.ts';
import { cudaLibrariesSchema } from './cuda.ts';
import { adapterIdSchema, packIdSchema } from './ids.ts';
import { machineReportSchema } from './machine.ts';
import { memoryPlanSchema } from './memory-plan.ts';
import { mirrorSchema } from './mirror.ts';
import {
  catalogueEntrySchema, foundModelSchema, modelFolderIdSchema, modelFolderSchema, modelIdSchema,
  modelStoreSchema,
} from './models.ts';
import { generationSettingsSchema, methodSchema, trainingSettingsSchema } from './settings.ts';

const none = z.object({});

export const modelCommands = {
  'models.list': { request: none, response: modelStoreSchema },
  /** Starts a download, or goes on with one; refused while its licence is not accepted or the disk has no room. */
  'models.get': { request: z.object({ modelId: modelIdSchema }), response: catalogueEntrySchema },
  'models.pause': { request: z.object({ modelId: modelIdSchema }), response: catalogueEntrySchema },
  /** Stops a download and gives back what has come of it. */
  'models.cancel': { request: z.object({ modelId: modelIdSchema }), response: catalogueEntrySchema },
  /** Removes what was downloaded; files of the user's own are never touched. */
  'models.remove': { request: z.object({ modelId: modelIdSchema }), response: catalogueEntrySchema },
  /** Reads every file of it again. */
  'models.verify': { request: z.object({ modelId: modelIdSchema }), response: catalogueEntrySchema },
  'models.setMirrors': { request: z.object({ mirrors: z.array(mirrorSchema).max(4) }), response: modelStoreSchema },

  'models.folders': { request: none, response: z.array(modelFolderSchema) },
  /** Looks again at what lies there; null: at every folder. */
  'models.rescan': {
    request: z.object({ folderId: modelFolderIdSchema.nullable().default(null) }), response: z.array(modelFolderSchema),
  },
  /** Forgets a folder; nothing in it is touched. */
  'models.forgetFolder': { request: z.object({ folderId: modelFolderIdSchema }), response: z.array(modelFolderSchema) },
  'models.found': { request: none, response: z.array(foundModelSchema) },
  /** Another VAE for a checkpoint that lacks one or whose own is not liked; null goes back. */
  'models.setVae': {
    request: z.object({ packId: packIdSchema, foundId: foundModelIdSchema.nullable() }), response: foundModelSchema,
  },

  /** What teaching would take, as it would be done now. */
  'memory.planTeaching': {
    request: z.object({
      packId: packIdSchema, method: methodSchema.default('lora'), settings: trainingSettingsSchema.default({}),
    }),
    response: memoryPlanSchema,
  },
  'memory.planPortraits': {
    request: z.object({
      packId: packIdSchema, settings: generationSettingsSchema.default({}), isInstant: z.boolean().default(false),
      /** Whose looks are drawn with, and add-ons of the user's own. */
      adapterId: adapterIdSchema.nullable().default(null), secondAdapterId: adapterIdSchema.nullable().default(null),
      addOns: z.array(addOnSchema).max(8).default([]),
    }),
    response: memoryPlanSchema,
  },

  /** What was last found; tried anew where asked, or where it never was. */
  'machine.examine': { request: z.object({ isAnew: z.boolean().default(false) }), response: machineReportSchema },
  'machine.cudaLibraries': { request: none, response: cudaLibrariesSchema },
  /** Fetches them from NuGet and PyPI, or goes on; refused while their licences are not accepted. */
  'machine.getCudaLibraries': { request: none, response: cudaLibrariesSchema },
  'machine.pauseCudaLibraries': { request: none, response: cudaLibrariesSchema },
  /** Stops fetching, and gives back all that was fetched. */
  'machine.removeCudaLibraries': { request: none, response: cudaLibrariesSchema },
} as const;
