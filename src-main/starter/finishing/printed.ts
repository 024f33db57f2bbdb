// Finishes of print and screen: pixel art and pop art.

const levels = (value: number, count: number): number => (
  Math.round((Math.max(0, Math.min(255, value)) / 255) * (count - 1)) * (255 / (count - 1)));

/** Pixels along an edge of pixel art: four to a place of the model's latents, which could not tell more. */
const gridCells = 32;

/** Large square pixels in few shades; the shade is rounded as a whole, so that dark hair stays of its colour. */
export function toPixelArt(pixels: Float32Array, edgePx: number): Float32Array {
  const cells = Math.min(gridCells, edgePx);
  const out = new Float32Array(pixels.length);
  const start = (cell: number) => Math.floor((cell * edgePx) / cells);
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      const block = { left: start(column), right: start(column + 1), top: start(row), bottom: start(row + 1) };
      const mean = meanOf(pixels, edgePx, block).map((value) => (value - 128) * 1.1 + 131) as [number, number, number];
      const luma = Math.max(1, 0.299 * mean[0] + 0.587 * mean[1] + 0.114 * mean[2]);
      const shade = Math.max(14, levels(luma, 9)) / luma;
      for (let y = block.top; y < block.bottom; y++) {
        for (let x = block.left; x < block.right; x++) {
          for (let c = 0; c < 3; c++) out[(y * edgePx + x) * 3 + c] = levels(mean[c]! * shade, 18);
        }
      }
    }
  }
  return out;
}

interface Block { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number }

function meanOf(pixels: Float32Array, edgePx: number, { left, right, top, bottom }: Block): number[] {
  const sums = [0, 0, 0];
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) for (let c = 0; c < 3; c++) sums[c]! += pixels[(y * edgePx + x) * 3 + c]!;
  }
  return sums.map((sum) => sum / ((right - left) * (bottom - top)));
}

/** Dots of pop art along an edge: one to a place of the model's latents. */
const dotsAlong = 16;

/** Few bold colours, and dots of shade. */
export function toPopArt(pixels: Float32Array, edgePx: number): Float32Array {
  const period = edgePx / dotsAlong;
  for (let i = 0; i < pixels.length / 3; i++) {
    const [x, y] = [i % edgePx, Math.floor(i / edgePx)];
    const [r, g, b] = [pixels[3 * i]!, pixels[3 * i + 1]!, pixels[3 * i + 2]!];
    const luma = 0.299 * r + 0.587 * g + 0.114 * b;
    const [u, v] = [((x + 0.5) / period) % 1 - 0.5, ((y + 0.5) / period) % 1 - 0.5];
    const dark = 1 - luma / 255;
    // dots grow with darkness; black lines and white stay clean
    const dot = luma > 62 && luma < 210 ? (0.2 + 0.2 * dark - Math.hypot(u, v)) * period + 0.5 : 0;
    const ink = 1.05 - 0.37 * Math.max(0, Math.min(1, dot));
    for (let c = 0; c < 3; c++) {
      const bright = (pixels[3 * i + c]! - luma) * 1.1 + luma;
      pixels[3 * i + c] = luma < 62 ? bright * 0.7 : (levels(bright, 6) * 0.55 + bright * 0.45) * ink + 6;
    }
  }
  return pixels;
}
