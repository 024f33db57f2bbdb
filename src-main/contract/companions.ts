// Networks that stand beside a base model and that the user brings: antelopev2's two, InstantID's two, an LCM-LoRA.
// They are used where they lie. Who gave them out, how large they are and what their licence allows is shown before.

import { z } from 'zod';

export const companionKindSchema = z.enum([
  /** antelopev2: scrfd_10g_bnkps.onnx finds faces, glintr100.onnx embeds them. */
  'face-detector', 'face-recognizer',
  /** InstantID: ip-adapter.bin, and the folder ControlNetModel. */
  'image-adapter', 'identity-net',
  /** LCM-LoRA for SDXL. */
  'fast-adapter',
]);
export type CompanionKind = z.infer<typeof companionKindSchema>;

export const companionSchema = z.object({
  kind: companionKindSchema,
  name: z.string(),
  /**
   * 'missing': never named; 'ready'; 'gone': was named and is not there any more; 'changed': it is not the file any
   * more that was looked at.
   */
  state: z.enum(['missing', 'ready', 'gone', 'changed']),
  /** It is, byte for byte, what was published; false for other editions of it, which are used still. */
  isPublished: z.boolean(),
  /** What is to be known of the state, in one sentence; '' when there is nothing. */
  note: z.string(),
  /** Name of the file or folder without those above it; '' while it is missing. */
  fileName: z.string(),
  /** Of what was published, or of what is there. */
  sizeBytes: z.number(),
  /** Where it can be had: publisher's repository and file. */
  source: z.string(),
  /** The licence in one line. */
  license: z.string(),
  /** What is to be accepted before it is used; '' where nothing is. */
  licenseId: z.string(),
  isLicenseAccepted: z.boolean(),
  isCommercialUseAllowed: z.boolean(),
  /** 'faces': finding and comparing faces; 'instantly': portraits without teaching; 'fast': few steps. */
  neededFor: z.array(z.enum(['faces', 'instantly', 'fast'])),
});
export type CompanionView = z.infer<typeof companionSchema>;
