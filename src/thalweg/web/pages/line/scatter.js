/** @file The picture of the downloads, the line through them, and its errors. */

import { axes, line, plotBox, scale } from '../common/axes.js';
import { colour, painted } from '../common/canvas.js';
import { find, fixed } from '../common/dom.js';

/** @typedef {import('./losses.js').Files} Files */
/** @typedef {import('./walk.js').Place} Place */

/**
 * @param {Files} train
 * @param {Files} test
 * @returns {(place: Place) => void} shows another line
 */
export function scatter(train, test) {
  const canvas = find('scatter', HTMLCanvasElement);
  /** @type {Place} */
  let here = { kernel: 0, bias: 0 };
  const redraw = painted(canvas, (context, width, height) => {
    const box = plotBox(width, height);
    const x = scale(0, 10.4, box.left, box.right), y = scale(0, 0.85, box.bottom, box.top);
    const on = (/** @type {number} */ size) => here.kernel * size + here.bias;
    axes(context, box, x, y, { x: 'megabytes', y: 'seconds' });
    context.save();
    context.beginPath();
    context.rect(box.left, box.top - 8, box.right - box.left + 8, box.bottom - box.top + 8);
    context.clip();
    context.strokeStyle = colour('--second');
    context.lineWidth = 1;
    // Beyond these numbers a canvas draws nothing sensible.
    const pixel = (/** @type {number} */ value) => Math.min(1e5, Math.max(-1e5, y.at(value)));
    train.x.forEach((size, i) => line(context, x.at(size), y.at(train.y[i]), x.at(size), pixel(on(size))));
    context.strokeStyle = colour('--accent');
    context.lineWidth = 2.5;
    line(context, x.at(0), pixel(on(0)), x.at(10.4), pixel(on(10.4)));
    context.restore();
    dots(context, test, x, y, false);
    dots(context, train, x, y, true);
  });
  return (place) => {
    here = place;
    canvas.setAttribute('aria-label', `Twenty downloads, from 0.001 to 10 megabytes and 0.07 to 0.74 seconds, and the line of ${fixed(place.kernel, 4)} seconds per megabyte from ${fixed(place.bias, 4)} seconds up.`);
    redraw();
  };
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Files} files
 * @param {import('../common/axes.js').Scale} x
 * @param {import('../common/axes.js').Scale} y
 * @param {boolean} full
 */
function dots(context, files, x, y, full) {
  context.lineWidth = 1.5;
  context.strokeStyle = colour(full ? '--surface' : '--accent');
  context.fillStyle = colour(full ? '--accent' : '--surface');
  files.x.forEach((size, i) => {
    context.beginPath();
    context.arc(x.at(size), y.at(files.y[i]), full ? 4.5 : 3.5, 0, 7);
    context.fill();
    context.stroke();
  });
}
