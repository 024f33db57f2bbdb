// Opaque identifiers: 128 random bits as 32 hex digits, branded by noun so that one cannot stand in for another.
// They carry no meaning and no path; whoever holds one must ask the library what it names.

import { z } from 'zod';

const opaqueId = z.string().regex(/^[0-9a-f]{32}$/, 'An id has 32 hexadecimal digits.');

export const subjectIdSchema = opaqueId.brand<'SubjectId'>();
export const photoIdSchema = opaqueId.brand<'PhotoId'>();
export const adapterIdSchema = opaqueId.brand<'AdapterId'>();
export const portraitIdSchema = opaqueId.brand<'PortraitId'>();
export const jobIdSchema = opaqueId.brand<'JobId'>();
/** A picture that a teach job drew at one of its snapshots. */
export const previewIdSchema = opaqueId.brand<'PreviewId'>();
/** A file that was prepared for other programs; it is there until the next start. */
export const exportIdSchema = opaqueId.brand<'ExportId'>();
/** A pack is named by people (a folder of resources/, or a checkpoint they chose), so its id is a short word. */
export const packIdSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/).brand<'PackId'>();
export const styleIdSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/).brand<'StyleId'>();

export type SubjectId = z.infer<typeof subjectIdSchema>;
export type PhotoId = z.infer<typeof photoIdSchema>;
export type AdapterId = z.infer<typeof adapterIdSchema>;
export type PortraitId = z.infer<typeof portraitIdSchema>;
export type JobId = z.infer<typeof jobIdSchema>;
export type PreviewId = z.infer<typeof previewIdSchema>;
export type ExportId = z.infer<typeof exportIdSchema>;
export type PackId = z.infer<typeof packIdSchema>;
export type StyleId = z.infer<typeof styleIdSchema>;
