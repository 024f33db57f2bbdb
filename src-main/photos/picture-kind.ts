// What a file is by its first bytes; the name decides nothing.
// Signatures: W3C PNG 3rd ed. 5.2, ITU-T T.81 B.1, RFC 9649 (WebP), and the formats' own specifications.

export type SupportedKind = 'jpeg' | 'png' | 'webp';

export interface PictureKind {
  /** The format as people call it, e.g. 'HEIC'. */
  readonly name: string;
  /** Set for the three formats that photos/ decodes. */
  readonly supported?: SupportedKind;
  /** Whether people would call it a picture; a video or a PDF is none. */
  readonly isStill: boolean;
}

/** Bytes that `pictureKind` wants to see. */
export const signatureBytes = 512;

interface Signature {
  readonly kind: { readonly name: string; readonly supported?: SupportedKind };
  readonly offset?: number;
  readonly bytes: string;
}

/** `bytes` is Latin-1. */
const signatures: readonly Signature[] = [
  { kind: { name: 'JPEG', supported: 'jpeg' }, bytes: '\xff\xd8\xff' },
  { kind: { name: 'PNG', supported: 'png' }, bytes: '\x89PNG\r\n\x1a\n' },
  { kind: { name: 'GIF' }, bytes: 'GIF87a' },
  { kind: { name: 'GIF' }, bytes: 'GIF89a' },
  { kind: { name: 'TIFF or camera raw' }, bytes: 'II*\0' },
  { kind: { name: 'TIFF or camera raw' }, bytes: 'MM\0*' },
  { kind: { name: 'TIFF or camera raw' }, bytes: 'II+\0' },
  { kind: { name: 'camera raw' }, bytes: 'FUJIFILMCCD-RAW' },
  { kind: { name: 'PDF' }, bytes: '%PDF-' },
  { kind: { name: 'Photoshop' }, bytes: '8BPS' },
  { kind: { name: 'JPEG XL' }, bytes: '\xff\x0a' },
  { kind: { name: 'JPEG XL' }, bytes: '\0\0\0\x0cJXL ' },
  { kind: { name: 'JPEG 2000' }, bytes: '\0\0\0\x0cjP  ' },
  { kind: { name: 'icon' }, bytes: '\0\0\x01\0' },
];

const brands: Readonly<Record<string, string>> = {
  heic: 'HEIC', heix: 'HEIC', heim: 'HEIC', heis: 'HEIC', hevc: 'HEIC', mif1: 'HEIC', msf1: 'HEIC',
  avif: 'AVIF', avis: 'AVIF', crx: 'camera raw', 'crx ': 'camera raw',
  'qt  ': 'video', isom: 'video', mp42: 'video', mp41: 'video', iso2: 'video', avc1: 'video',
};

const notStill: ReadonlySet<string> = new Set(['video', 'PDF', 'icon']);

function containerKind(head: string): Signature['kind'] | undefined {
  if (head.startsWith('RIFF') && head.startsWith('WEBP', 8)) return { name: 'WebP', supported: 'webp' };
  const brand = head.startsWith('ftyp', 4) ? brands[head.slice(8, 12)] : undefined;
  return brand === undefined ? undefined : { name: brand };
}

/** 'BM' alone begins many a text; the four reserved bytes are zero in every bitmap. */
function isBitmap(head: string): boolean {
  return head.startsWith('BM') && head.startsWith('\0\0\0\0', 6);
}

function isSvg(head: string): boolean {
  const text = head.replace(/^\xef\xbb\xbf/, '').trimStart();
  return text.startsWith('<svg') || (/^<(\?xml|!--|!DOCTYPE)/i.test(text) && /<svg[\s>]|DOCTYPE svg/i.test(text));
}

/** The kind of picture that begins with these bytes, or undefined when they begin no picture that we know of. */
export function pictureKind(bytes: Uint8Array): PictureKind | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, signatureBytes)).toString('latin1');
  const kind = signatureKind(head) ?? containerKind(head);
  return kind && { ...kind, isStill: !notStill.has(kind.name) };
}

function signatureKind(head: string): Signature['kind'] | undefined {
  const found = signatures.find(({ bytes: signature, offset = 0 }) => head.startsWith(signature, offset));
  if (found) return found.kind;
  if (isBitmap(head)) return { name: 'BMP' };
  return isSvg(head) ? { name: 'SVG' } : undefined;
}
