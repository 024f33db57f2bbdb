// Finishes of print and screen: pixel art and pop art.

const levels = (value: number, count: number): number => (
  Math.round((Math.max(0, Math.min(255, value)) / 255) * (count - 1)) * (255 / (count - 1)));

/** Pixels along an edge of pixel art. */
const gridCells = 64;

/** Large square pixels of few colours. */
export function toPixelArt(pixels: Float32Array, edgePx: number): Float32Array {
  const cells = Math.min(gridCells, edgePx);
  const block = edgePx / cells;
  const out = new Float32Array(pixels.length);
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      const [left, right] = [Math.floor(column * block), Math.floor((column + 1) * block)];
      const [top, bottom] = [Math.floor(row * block), Math.floor((row + 1) * block)];
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += pixels[(y * edgePx + x) * 3 + c]!;
        const mean = sum / ((right - left) * (bottom - top));
        const value = levels((mean - 128) * 1.12 + 132, 8);
        for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) out[(y * edgePx + x) * 3 + c] = value;
      }
    }
  }
  return out;
}

/** Few bold colours, and dots of shade. */
export function toPopArt(pixels: Float32Array, edgePx: number): Float32Array {
  const period = (edgePx / 128) * 4.4;
  for (let i = 0; i < pixels.length / 3; i++) {
    const [x, y] = [i % edgePx, Math.floor(i / edgePx)];
    const [r, g, b] = [pixels[3 * i]!, pixels[3 * i + 1]!, pixels[3 * i + 2]!];
    const luma = 0.299 * r + 0.587 * g + 0.114 * b;
    const [u, v] = [((x + y) / period) % 1 - 0.5, ((x - y + 4 * edgePx) / period) % 1 - 0.5];
    const dark = 1 - luma / 255;
    // dots grow with darkness; black lines and white stay clean
    const isDotted = luma > 62 && luma < 210 && Math.hypot(u, v) < 0.16 + 0.34 * dark;
    const ink = isDotted ? 0.74 : 1.05;
    for (let c = 0; c < 3; c++) {
      const bright = (pixels[3 * i + c]! - luma) * 1.1 + luma;
      pixels[3 * i + c] = luma < 62 ? bright * 0.7 : (levels(bright, 6) * 0.55 + bright * 0.45) * ink + 6;
    }
  }
  return pixels;
}
