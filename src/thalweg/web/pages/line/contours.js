/** @file The loss of all lines of a view: as colours, and as lines of equal loss. */

import { channels } from '../common/canvas.js';
import { lossOf } from './losses.js';

/** @typedef {{kernel: [number, number], bias: [number, number]}} View */

const CELLS = 128;
const LEVELS = 16;

/**
 * @typedef {object} Contours
 * @property {(context: CanvasRenderingContext2D, box: import('../common/axes.js').Box) => void} paint
 */

/**
 * Measure the loss over a view once; it can be painted many times.
 * @param {import('./losses.js').LossName} name
 * @param {import('./losses.js').Files} files
 * @param {View} view
 * @param {number} least the smallest loss there is
 * @returns {Contours}
 */
export function contours(name, files, view, least) {
  // From the top row down, as images go.
  const heights = new Float64Array((CELLS + 1) ** 2);
  let most = least;
  for (let row = 0; row <= CELLS; row++) {
    for (let column = 0; column <= CELLS; column++) {
      const kernel = view.kernel[0] + ((view.kernel[1] - view.kernel[0]) * column) / CELLS;
      const bias = view.bias[1] - ((view.bias[1] - view.bias[0]) * row) / CELLS;
      const loss = lossOf(name, files, kernel, bias);
      heights[row * (CELLS + 1) + column] = loss;
      most = Math.max(most, loss);
    }
  }
  // About the square root of the distance from the bottom: more lines where the walk ends.
  const power = name === 'mse' ? 0.25 : 0.5;
  for (let i = 0; i < heights.length; i++) heights[i] = (Math.max(0, heights[i] - least) / (most - least)) ** power;
  const lines = Array.from({ length: LEVELS - 1 }, (_, i) => isoline(heights, (i + 1) / LEVELS));
  return {
    paint(context, box) {
      const [width, height] = [box.right - box.left, box.bottom - box.top];
      context.imageSmoothingEnabled = true;
      context.imageSmoothingQuality = 'high';
      context.drawImage(picture(heights), box.left, box.top, width, height);
      const [red, green, blue] = channels('--ink');
      context.strokeStyle = `rgb(${red} ${green} ${blue} / 0.2)`;
      context.lineWidth = 1;
      context.beginPath();
      for (const segments of lines) {
        for (let i = 0; i < segments.length; i += 4) {
          context.moveTo(box.left + segments[i] * width, box.top + segments[i + 1] * height);
          context.lineTo(box.left + segments[i + 2] * width, box.top + segments[i + 3] * height);
        }
      }
      context.stroke();
    },
  };
}

/** @param {Float64Array} heights from 0 to 1 */
function picture(heights) {
  const side = CELLS + 1, canvas = document.createElement('canvas');
  canvas.width = canvas.height = side;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  const image = context.createImageData(side, side);
  const [low, high] = [channels('--map-low'), channels('--map-high')];
  heights.forEach((height, i) => {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = low[c] + (high[c] - low[c]) * height;
    image.data[4 * i + 3] = 255;
  });
  context.putImageData(image, 0, 0);
  return canvas;
}

/**
 * Marching squares: the segments of a line of equal height, as shares of the picture's sides.
 * @param {Float64Array} heights
 * @param {number} level
 * @returns {number[]} x0, y0, x1, y1 for each segment
 */
function isoline(heights, level) {
  /** @type {number[]} */
  const found = [];
  const side = CELLS + 1;
  for (let row = 0; row < CELLS; row++) {
    for (let column = 0; column < CELLS; column++) {
      const at = row * side + column;
      const [a, b, c, d] = [heights[at], heights[at + 1], heights[at + side + 1], heights[at + side]];
      /** @type {number[]} */
      const crossed = [];
      const edge = (/** @type {number} */ p, /** @type {number} */ q, /** @type {(t: number) => [number, number]} */ place) => {
        if (p < level === q < level) return;
        const [x, y] = place((level - p) / (q - p));
        crossed.push((column + x) / CELLS, (row + y) / CELLS);
      };
      edge(a, b, (t) => [t, 0]);
      edge(b, c, (t) => [1, t]);
      edge(d, c, (t) => [t, 1]);
      edge(a, d, (t) => [0, t]);
      // At a saddle the four crossings are two segments; which two makes no difference here.
      for (let i = 0; i + 3 < crossed.length; i += 4) found.push(...crossed.slice(i, i + 4));
    }
  }
  return found;
}
