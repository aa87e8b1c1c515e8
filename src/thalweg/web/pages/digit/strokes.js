/** @file A drawing made of strokes, and the image that the network sees of it. */

/** @typedef {[number, number]} Point across and down, each from 0 to 1 */
/** @typedef {Point[]} Stroke */

/** Images of MNIST: so many pixels wide and high, the digit fits into a box, and is so thick. */
export const SIDE = 28;
const BOX = 20, THICKNESS = 2.8;
// Drawn so much larger first, then averaged: the grey edges are those of a scanned image.
const FINER = 4;

/**
 * A drawing as MNIST's images are made: scaled into a box of 20 x 20, and placed in 28 x 28 such
 * that the middle of its ink is in the middle of the image.
 */
export class Eye {
  #context;
  #seen = new Float32Array(SIDE * SIDE);

  constructor() {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = SIDE * FINER;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('This browser cannot draw on a canvas.');
    this.#context = context;
  }

  /**
   * @param {Stroke[]} strokes
   * @returns {Float32Array} 28 x 28 numbers from 0, paper, to 255, ink
   */
  look(strokes) {
    const points = strokes.flat();
    if (!points.length) return this.#seen.fill(0);
    const across = points.map((point) => point[0]), down = points.map((point) => point[1]);
    const left = Math.min(...across), top = Math.min(...down);
    const width = Math.max(...across) - left, height = Math.max(...down) - top;
    // A dot stays a dot.
    const scale = (BOX - THICKNESS) / Math.max(width, height, 0.1);
    const place = { scale, x: SIDE / 2 - (left + width / 2) * scale, y: SIDE / 2 - (top + height / 2) * scale };
    this.#draw(strokes, place);
    // Pixels are counted from 0 there, so that the middle of the pixel in the middle is 14.5.
    const [x, y] = this.#middle();
    this.#draw(strokes, { scale, x: place.x + SIDE / 2 + 0.5 - x, y: place.y + SIDE / 2 + 0.5 - y });
    return this.#seen;
  }

  /** @param {Stroke[]} strokes @param {{scale: number, x: number, y: number}} place */
  #draw(strokes, { scale, x, y }) {
    const context = this.#context, side = SIDE * FINER;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, side, side);
    context.setTransform(FINER, 0, 0, FINER, 0, 0);
    context.lineCap = context.lineJoin = 'round';
    context.lineWidth = THICKNESS;
    for (const stroke of strokes) {
      context.beginPath();
      // A line to where it begins makes a dot of a single point.
      for (const point of [stroke[0], ...stroke]) context.lineTo(point[0] * scale + x, point[1] * scale + y);
      context.stroke();
    }
    const { data } = context.getImageData(0, 0, side, side), seen = this.#seen.fill(0);
    for (let i = 0; i < side * side; i++) {
      seen[Math.floor(i / side / FINER) * SIDE + Math.floor((i % side) / FINER)] += data[4 * i + 3] / FINER ** 2;
    }
  }

  /** @returns {Point} the middle of the ink, in pixels of the image */
  #middle() {
    let ink = 0, x = 0, y = 0;
    this.#seen.forEach((value, i) => {
      ink += value;
      x += value * ((i % SIDE) + 0.5);
      y += value * (Math.floor(i / SIDE) + 0.5);
    });
    return ink ? [x / ink, y / ink] : [SIDE / 2, SIDE / 2];
  }
}

/**
 * Show an image as it is, white on black.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>} image
 */
export function paint(canvas, image) {
  canvas.width = canvas.height = SIDE;
  const pixels = new ImageData(SIDE, SIDE);
  for (let i = 0; i < SIDE * SIDE; i++) pixels.data.set([image[i], image[i], image[i], 255], 4 * i);
  canvas.getContext('2d')?.putImageData(pixels, 0, 0);
}
