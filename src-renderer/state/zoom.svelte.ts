// What is seen of a picture that is looked at closely: how large, and which part. Several pictures can share it.

const [smallestScale, largestScale] = [1, 16];
/** One press of + or one notch of the wheel. */
export const zoomStep = 1.25;

export class PictureZoom {
  /** 1: the whole picture fits. */
  scale = $state(1);
  /** What is in the middle, in fractions of the picture. */
  x = $state(0.5);
  y = $state(0.5);
  /** The scale at which a pixel of the picture is a pixel of the screen; told by who shows it. */
  actualScale = $state(1);
  isFit = $derived(this.scale === 1);

  fit(): void {
    [this.scale, this.x, this.y] = [1, 0.5, 0.5];
  }

  /** To actual size around a point in fractions, and back. */
  toggle(x = 0.5, y = 0.5): void {
    if (!this.isFit) return this.fit();
    // a picture smaller than the screen is at its actual size already enlarged: there twice as large is what helps
    this.#look(this.actualScale > 1.05 ? this.actualScale : 2, x, y);
  }

  /** Enlarges; a point of the picture stays where it is on the screen. */
  by(factor: number, x = this.x, y = this.y): void {
    const scale = Math.min(largestScale, Math.max(smallestScale, this.scale * factor));
    const share = this.scale / scale;
    this.#look(scale, x + (this.x - x) * share, y + (this.y - y) * share);
  }

  /** Moves what is seen by fractions of the picture. */
  pan(x: number, y: number): void {
    this.#look(this.scale, this.x + x, this.y + y);
  }

  #look(scale: number, x: number, y: number): void {
    const margin = 0.5 / scale;
    const within = (value: number): number => Math.min(1 - margin, Math.max(margin, value));
    [this.scale, this.x, this.y] = [scale, within(x), within(y)];
  }
}
