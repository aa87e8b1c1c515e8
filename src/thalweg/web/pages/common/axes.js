/** @file Scales from numbers to pixels, with round ticks, and the axes that show them. */

import { digits } from './dom.js';
import { colour, font } from './canvas.js';

// Pixels between a plot and the right edge of its canvas.
const EDGE = 12;

/**
 * @typedef {object} Scale
 * @property {number} min
 * @property {number} max
 * @property {boolean} log
 * @property {(value: number) => number} at the pixel of a value
 * @property {(pixel: number) => number} back the value at a pixel
 *
 * @typedef {{left: number, top: number, right: number, bottom: number}} Box
 */

/**
 * @param {number} min
 * @param {number} max
 * @param {number} from the pixel of min
 * @param {number} to the pixel of max
 * @param {boolean} [log]
 * @returns {Scale}
 */
export function scale(min, max, from, to, log = false) {
  const place = log ? Math.log : (/** @type {number} */ x) => x;
  const back = log ? Math.exp : (/** @type {number} */ x) => x;
  const [low, span] = [place(min), place(max) - place(min) || 1];
  return {
    min,
    max,
    log,
    at: (value) => from + ((place(value) - low) / span) * (to - from),
    back: (pixel) => back(low + ((pixel - from) / (to - from)) * span),
  };
}

/**
 * Round numbers on a scale.
 * @param {Scale} scale
 * @param {number} count about how many
 */
export function ticks({ min, max, log }, count) {
  if (log) {
    // Powers of ten, with 2 and 5 between them where there is room.
    const decades = Math.log10(max / min);
    const parts = decades * 3 <= count + 1 ? [1, 2, 5] : decades * 2 <= count ? [1, 3] : [1];
    const every = Math.max(1, Math.round(decades / count));
    /** @type {number[]} */
    const found = [];
    for (let power = Math.floor(Math.log10(min)); power <= Math.log10(max); power++) {
      if (power % every) continue;
      for (const part of parts) {
        const value = part * 10 ** power;
        if (value >= min * 0.999 && value <= max * 1.001) found.push(value);
      }
    }
    if (found.length >= 2) return found;
  }
  const rough = (max - min) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5].find((part) => part * power >= rough * 0.8) ?? 10) * power;
  /** @type {number[]} */
  const found = [];
  // Adding 0 makes -0 a plain 0.
  for (let k = Math.ceil(min / step - 1e-9); k * step <= max + step * 1e-9; k++) found.push(k * step + 0);
  return found;
}

/** @param {number[]} values ticks, as texts with as many places as they need */
export function labels(values) {
  const [least, most] = [Math.min(...values.map(Math.abs).filter(Boolean)), Math.max(...values.map(Math.abs))];
  if (most >= 1e6 || most < 1e-3) return values.map((value) => (value ? digits(value, 1) : '0'));
  const apart = values.length > 1 ? Math.abs(values[1] - values[0]) : least;
  const even = values.every((value, i) => !i || Math.abs(value - values[i - 1] - (values[1] - values[0])) < apart / 1e3);
  return values.map((value) => {
    if (!even && Math.abs(value) < 1e-3) return digits(value, 1).replace('.0e', 'e');
    const unit = even ? apart : Math.abs(value);
    const places = Math.min(6, Math.max(0, Math.ceil(-Math.log10(unit) - 1e-9)));
    const more = Math.abs(Math.round(unit * 10 ** places) - unit * 10 ** places) > 1e-6 ? 1 : 0;
    return value.toLocaleString('en', { minimumFractionDigits: even ? places + more : 0, maximumFractionDigits: places + more }).replace('-', '−');
  });
}

/**
 * Room for the numbers and names of the axes around a plot.
 * @param {number} width
 * @param {number} height
 * @param {{left?: number, top?: number}} [room]
 * @returns {Box}
 */
export function plotBox(width, height, { left = 52, top = 26 } = {}) {
  return { left, top, right: width - EDGE, bottom: height - 42 };
}

/**
 * Grid lines, ticks, and the names of both axes: y above its axis, x below to the right.
 * @param {CanvasRenderingContext2D} context
 * @param {Box} box
 * @param {Scale} x
 * @param {Scale} y
 * @param {{x: string, y: string, grid?: boolean}} names
 */
export function axes(context, box, x, y, names) {
  const wide = Math.max(2, Math.floor((box.right - box.left) / 70));
  const high = Math.max(2, Math.floor((box.bottom - box.top) / 45));
  const [xs, ys] = [ticks(x, wide), ticks(y, high)];
  const [xTexts, yTexts] = [labels(xs), labels(ys)];
  context.font = font(12);
  context.lineWidth = 1;
  context.strokeStyle = colour('--rule');
  context.fillStyle = colour('--soft');
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  ys.forEach((value, i) => {
    const place = Math.round(y.at(value)) + 0.5;
    if (names.grid !== false) line(context, box.left, place, box.right, place);
    context.fillText(yTexts[i], box.left - 8, place);
  });
  context.textAlign = 'center';
  context.textBaseline = 'top';
  xs.forEach((value, i) => {
    const place = Math.round(x.at(value)) + 0.5;
    line(context, place, box.bottom, place, box.bottom + 4);
    // The last number stays inside of the canvas.
    const half = context.measureText(xTexts[i]).width / 2;
    context.fillText(xTexts[i], Math.min(place, box.right + EDGE - half), box.bottom + 7);
  });
  line(context, box.left, Math.round(box.bottom) + 0.5, box.right, Math.round(box.bottom) + 0.5);
  context.textAlign = 'right';
  context.textBaseline = 'bottom';
  context.fillText(names.x, box.right, box.bottom + 41);
  context.textAlign = 'left';
  context.textBaseline = 'top';
  context.fillText(names.y, 0, 2);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x0
 * @param {number} y0
 * @param {number} x1
 * @param {number} y1
 */
export function line(context, x0, y0, x1, y1) {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}
