// How much of each pixel a polygon covers, edge by edge: every edge adds to its row what the sum from left to right
// then turns into coverage. And box blurs of such masks.

export interface Box {
  readonly width: number;
  readonly height: number;
}

/** Adds one edge, in pixels of the box; `sums` has rows of box.width + 2. */
export function addEdge(sums: Float32Array, box: Box, x0: number, y0: number, x1: number, y1: number): void {
  if (y0 === y1) return;
  const direction = y0 < y1 ? 1 : -1;
  const [topX, top, bottomX, bottom] = y0 < y1 ? [x0, y0, x1, y1] : [x1, y1, x0, y0];
  const slope = (bottomX - topX) / (bottom - top);
  const stride = box.width + 2;
  let x = top < 0 ? topX - top * slope : topX;
  const last = Math.min(box.height, Math.ceil(bottom));
  for (let row = Math.max(0, Math.floor(top)); row < last; row++) {
    const down = Math.min(row + 1, bottom) - Math.max(row, top);
    const next = x + slope * down;
    addSpan(sums, row * stride, box.width, Math.min(x, next), Math.max(x, next), down * direction);
    x = next;
  }
}

/** An edge's part in one row, running from `left` to `right` over a height of `height` (negative when it goes up). */
function addSpan(sums: Float32Array, start: number, width: number, left: number, right: number, height: number): void {
  const a = left < 0 ? 0 : left > width ? width : left;
  const b = right < 0 ? 0 : right > width ? width : right;
  const first = Math.floor(a);
  const end = Math.ceil(b);
  if (end <= first + 1) {
    const middle = 0.5 * (a + b) - first;
    sums[start + first]! += height * (1 - middle);
    sums[start + first + 1]! += height * middle;
    return;
  }
  const slope = 1 / (b - a);
  const inFirst = 1 - (a - first);
  const inLast = b - end + 1;
  const head = 0.5 * slope * inFirst * inFirst;
  const tail = 0.5 * slope * inLast * inLast;
  sums[start + first]! += height * head;
  if (end === first + 2) {
    sums[start + first + 1]! += height * (1 - head - tail);
  } else {
    const second = slope * (inFirst + 0.5);
    sums[start + first + 1]! += height * (second - head);
    for (let i = first + 2; i < end - 1; i++) sums[start + i]! += height * slope;
    sums[start + end - 1]! += height * (1 - second - (end - first - 3) * slope - tail);
  }
  sums[start + end]! += height * tail;
}

/** Sums each row of edges from left to right. */
export function coverageOf(sums: Float32Array, { width, height }: Box): Float32Array {
  const values = new Float32Array(width * height);
  for (let row = 0, to = 0; row < height; row++) {
    let from = row * (width + 2);
    let sum = 0;
    for (let i = 0; i < width; i++) {
      sum += sums[from++]!;
      const covered = sum < 0 ? -sum : sum;
      values[to++] = covered > 1 ? 1 : covered;
    }
  }
  return values;
}

/** Two box blurs of a mask, which come near a Gaussian; nothing lies beyond its borders. Overwrites the mask. */
export function blurInPlace(values: Float32Array, { width, height }: Box, radius: number): void {
  const other = new Float32Array(values.length);
  for (let pass = 0; pass < 2; pass++) {
    blurRows(values, other, { width, height }, radius);
    blurColumns(other, values, { width, height }, radius);
  }
}

/** The mean of 2 radius + 1 neighbours along each row. */
function blurRows(from: Float32Array, to: Float32Array, { width, height }: Box, radius: number): void {
  const share = 1 / (2 * radius + 1);
  for (let row = 0; row < height; row++) {
    const start = row * width;
    let sum = 0;
    for (let i = 0; i < Math.min(radius, width); i++) sum += from[start + i]!;
    for (let i = 0; i < width; i++) {
      if (i + radius < width) sum += from[start + i + radius]!;
      to[start + i] = sum * share;
      if (i >= radius) sum -= from[start + i - radius]!;
    }
  }
}

/** The same down the columns, all of them side by side. */
function blurColumns(from: Float32Array, to: Float32Array, { width, height }: Box, radius: number): void {
  const share = 1 / (2 * radius + 1);
  const sums = new Float32Array(width);
  const add = (row: number, sign: number) => {
    const start = row * width;
    for (let i = 0; i < width; i++) sums[i]! += sign * from[start + i]!;
  };
  for (let row = 0; row < Math.min(radius, height); row++) add(row, 1);
  for (let row = 0; row < height; row++) {
    if (row + radius < height) add(row + radius, 1);
    const start = row * width;
    for (let i = 0; i < width; i++) to[start + i] = sums[i]! * share;
    if (row >= radius) add(row - radius, -1);
  }
}

/** One box blur of a square picture's plane, divided by what of the box lies within the picture. */
export function blurredSquare(plane: Float32Array, edgePx: number, radius: number): Float32Array {
  const [rows, both] = [new Float32Array(plane.length), new Float32Array(plane.length)];
  const box = { width: edgePx, height: edgePx };
  blurRows(plane, rows, box, radius);
  blurColumns(rows, both, box, radius);
  const size = 2 * radius + 1;
  const share = Float32Array.from({ length: edgePx }, (_, i) => (
    size / (Math.min(edgePx - 1, i + radius) - Math.max(0, i - radius) + 1)));
  for (let y = 0, i = 0; y < edgePx; y++) for (let x = 0; x < edgePx; x++, i++) both[i]! *= share[x]! * share[y]!;
  return both;
}
