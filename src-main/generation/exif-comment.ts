// A comment in EXIF, where A1111 and its kin keep a picture's settings in JPEG and WebP (Exif 2.32, tag 0x9286): a TIFF
// with nothing but it, and its place in the two kinds of file.

const userCommentTag = 0x9286;
const exifPointerTag = 0x8769;
/** Types of TIFF: 32-bit number, bytes of any meaning. */
const [longType, undefinedType] = [4, 7];
/** A JPEG segment's length has 16 bits and counts itself. */
const largestSegmentBytes = 0xffff - 2;

/** EXIF as TIFF bytes, big-endian, with this comment in UTF-16. */
export function exifWithComment(text: string): Buffer {
  const letters = Buffer.from(text, 'utf16le').swap16();
  const comment = Buffer.concat([Buffer.from('UNICODE\0', 'latin1'), letters]);
  // header 8, then twice a directory of one entry: count 2, entry 12, next 4
  const [mainAt, exifAt, commentAt] = [8, 26, 44];
  const head = Buffer.alloc(commentAt);
  head.write('MM\0*', 0, 'latin1');
  head.writeUInt32BE(mainAt, 4);
  writeDirectory(head, mainAt, { tag: exifPointerTag, type: longType, count: 1, value: exifAt });
  writeDirectory(head, exifAt, { tag: userCommentTag, type: undefinedType, count: comment.length, value: commentAt });
  return Buffer.concat([head, comment]);
}

function writeDirectory(
  bytes: Buffer, at: number, entry: { tag: number; type: number; count: number; value: number },
): void {
  bytes.writeUInt16BE(1, at);
  bytes.writeUInt16BE(entry.tag, at + 2);
  bytes.writeUInt16BE(entry.type, at + 4);
  bytes.writeUInt32BE(entry.count, at + 6);
  bytes.writeUInt32BE(entry.value, at + 10);
}

/** A copy of a JPEG or an extended WebP (as sharp writes them with a profile) with this EXIF in it. */
export function addExif(picture: Uint8Array, exif: Uint8Array): Buffer {
  const bytes = Buffer.from(picture.buffer, picture.byteOffset, picture.byteLength);
  if (bytes.readUInt16BE(0) === 0xffd8) return addToJpeg(bytes, exif);
  if (bytes.toString('latin1', 8, 16) === 'WEBPVP8X') return addToWebp(bytes, exif);
  throw new Error('EXIF can only be added to a JPEG or to an extended WebP.');
}

/** As the first segment after the start of the picture. */
function addToJpeg(jpeg: Buffer, exif: Uint8Array): Buffer {
  const content = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), exif]);
  if (content.length > largestSegmentBytes) throw new Error('The comment is too long for a JPEG.');
  const marker = Buffer.from([0xff, 0xe1, 0, 0]);
  marker.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), marker, content, jpeg.subarray(2)]);
}

/** Behind the picture and in front of XMP, as the WebP container specification has it. */
function addToWebp(webp: Buffer, exif: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.write('EXIF', 'latin1');
  head.writeUInt32LE(exif.length, 4);
  const chunk = Buffer.concat([head, exif, Buffer.alloc(exif.length % 2)]);
  let at = 12;
  while (at < webp.length && webp.toString('latin1', at, at + 4) !== 'XMP ') {
    const size = webp.readUInt32LE(at + 4);
    at += 8 + size + (size % 2);
  }
  const whole = Buffer.concat([webp.subarray(0, at), chunk, webp.subarray(at)]);
  whole.writeUInt32LE(whole.length - 8, 4);
  const exifFlag = 0x08;
  whole[20] = whole[20]! | exifFlag;
  return whole;
}
