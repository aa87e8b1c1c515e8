/** @file A surface from above: bands of heights, paths, and a place that is read. */

import { axes, line, plotBox, scale } from './axes.js';
import { colour, painted } from './canvas.js';
import { brief, plain } from './surface_heights.js';

/** @typedef {import('./surface_heights.js').Heights} Heights */

// Room for the colours and their numbers at the right.
const BAR = 52;

export class SurfaceMap {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Heights} heights
   * @param {(place: [number, number] | null) => void} read told of the place that is pointed at
   */
  constructor(canvas, heights, read) {
    this.heights = heights;
    this.read = read;
    /** @type {[number, number] | null} */
    this.cursor = null;
    /** The number of the point up to which paths are drawn. */
    this.step = 0;
    this.bands = document.createElement('canvas');
    this.canvas = canvas;
    this.redraw = painted(canvas, (context, width, height) => this.#paint(context, width, height));
    canvas.addEventListener('pointermove', (event) => this.#point(event.offsetX, event.offsetY));
    canvas.addEventListener('pointerdown', (event) => this.#point(event.offsetX, event.offsetY));
    canvas.addEventListener('pointerleave', () => this.#set(null));
    canvas.addEventListener('blur', () => this.#set(null));
    canvas.addEventListener('keydown', (event) => this.#key(event));
  }

  /** @param {number} across @param {number} down */
  #point(across, down) {
    if (!this.scales) return;
    const { x, y } = this.scales;
    const place = /** @type {[number, number]} */ ([x.back(across), y.back(down)]);
    const inside = place[0] >= x.min && place[0] <= x.max && place[1] >= y.min && place[1] <= y.max;
    this.#set(inside ? place : null);
  }

  /** @param {[number, number] | null} place */
  #set(place) {
    this.cursor = place;
    this.read(place);
    this.redraw();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (event.key === 'Escape') this.#set(null);
    if (!way || !this.scales) return;
    event.preventDefault();
    const { x, y } = this.scales;
    const part = event.shiftKey ? 0.1 : 0.02;
    const first = this.heights.data.best?.place ?? [(x.min + x.max) / 2, (y.min + y.max) / 2];
    const from = this.cursor ?? /** @type {[number, number]} */ (first);
    const moved = this.cursor ? 1 : 0;
    this.#set([
      Math.min(x.max, Math.max(x.min, from[0] + moved * way[0] * part * (x.max - x.min))),
      Math.min(y.max, Math.max(y.min, from[1] + moved * way[1] * part * (y.max - y.min))),
    ]);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} width
   * @param {number} height
   */
  #paint(context, width, height) {
    const { data, x: xs, y: ys } = this.heights;
    const box = plotBox(width, height);
    box.right -= BAR;
    const x = scale(xs[0], xs[xs.length - 1], box.left, box.right);
    const y = scale(ys[0], ys[ys.length - 1], box.bottom, box.top);
    this.scales = { x, y };
    this.#fill(box, x, y);
    context.drawImage(this.bands, box.left, box.top, box.right - box.left, box.bottom - box.top);
    const [across, up] = width < 420 ? data.names.map(brief) : data.names;
    axes(context, box, x, y, { x: across, y: up, grid: false });
    this.#bar(context, box);
    context.save();
    context.beginPath();
    context.rect(box.left, box.top, box.right - box.left, box.bottom - box.top);
    context.clip();
    for (const path of data.paths) this.#path(context, path, x, y);
    context.restore();
    for (const path of data.paths) {
      const i = Math.min(this.step, path.x.length - 1);
      if (this.step > 0) dot(context, x.at(path.x[0]), y.at(path.y[0]), 4.5, '#ffffff', '#14252b');
      dot(context, x.at(path.x[i]), y.at(path.y[i]), 6, colour(path.colour), colour('--surface'));
    }
    const { best, present } = data;
    if (best) star(context, x.at(best.place[0]), y.at(best.place[1]));
    if (present) dot(context, x.at(present.place[0]), y.at(present.place[1]), 5, '#ffffff', '#14252b');
    if (this.cursor) {
      const [across, down] = [x.at(this.cursor[0]), y.at(this.cursor[1])];
      context.strokeStyle = '#ffffff';
      context.lineWidth = 1;
      line(context, across, box.top, across, box.bottom);
      line(context, box.left, down, box.right, down);
      dot(context, across, down, 4, 'transparent', '#ffffff');
    }
  }

  /**
   * The bands, a pixel each, painted once for a size.
   * @param {import('./axes.js').Box} box
   * @param {import('./axes.js').Scale} x
   * @param {import('./axes.js').Scale} y
   */
  #fill(box, x, y) {
    const ratio = devicePixelRatio || 1;
    const [w, h] = [Math.round((box.right - box.left) * ratio), Math.round((box.bottom - box.top) * ratio)];
    if (this.bands.width === w && this.bands.height === h) return;
    [this.bands.width, this.bands.height] = [w, h];
    const context = /** @type {CanvasRenderingContext2D} */ (this.bands.getContext('2d'));
    const image = context.createImageData(w, h);
    const { bands } = this.heights.data;
    const colours = Array.from({ length: bands }, (_, i) => this.heights.colour((i + 0.5) / bands));
    const numbers = new Uint8Array(w * h);
    for (let j = 0, k = 0; j < h; j++) {
      const up = y.min + (y.max - y.min) * (1 - (j + 0.5) / h);
      for (let i = 0; i < w; i++, k++) {
        const height = this.heights.at(x.min + ((x.max - x.min) * (i + 0.5)) / w, up);
        numbers[k] = Math.min(bands - 1, Math.floor(this.heights.share(height) * bands));
      }
    }
    for (let k = 0; k < w * h; k++) {
      // A darker line where a band ends.
      const edge = numbers[k] !== numbers[Math.max(0, k - w)] || (k % w && numbers[k] !== numbers[k - 1]);
      const tone = colours[numbers[k]];
      for (let c = 0; c < 3; c++) image.data[4 * k + c] = tone[c] * (edge ? 0.82 : 1);
      image.data[4 * k + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  }

  /**
   * The colours with the heights that they stand for.
   * @param {CanvasRenderingContext2D} context
   * @param {import('./axes.js').Box} box
   */
  #bar(context, box) {
    const { bands, ticks, label } = this.heights.data;
    const left = box.right + 10, high = (box.bottom - box.top) / bands;
    for (let i = 0; i < bands; i++) {
      const tone = this.heights.colour((i + 0.5) / bands).map(Math.round);
      context.fillStyle = `rgb(${tone.join(' ')})`;
      context.fillRect(left, box.bottom - (i + 1) * high, 12, high + 0.5);
    }
    context.fillStyle = colour('--soft');
    context.textAlign = 'left';
    context.textBaseline = 'middle';
    let above = Infinity;
    for (const tick of ticks) {
      const down = box.bottom - this.heights.share(tick) * (box.bottom - box.top);
      if (above - down < 15) continue;
      above = down;
      context.fillText(plain(tick), left + 17, down);
    }
    context.textAlign = 'right';
    context.textBaseline = 'top';
    context.fillText(label, left + 12 + BAR - 12, 2);
  }

  /**
   * What was walked is a line, what is to come a thin one.
   * @param {CanvasRenderingContext2D} context
   * @param {import('./surface_heights.js').Path} path
   * @param {import('./axes.js').Scale} x
   * @param {import('./axes.js').Scale} y
   */
  #path(context, path, x, y) {
    const points = path.x.map((value, i) => /** @type {[number, number]} */ ([x.at(value), y.at(path.y[i])]));
    track(context, points, Math.min(this.step, points.length - 1), colour(path.colour));
  }
}

/**
 * A path of points: up to one of them thick, then thin.
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number][]} points
 * @param {number} upto
 * @param {string} tone
 */
export function track(context, points, upto, tone) {
  context.lineJoin = context.lineCap = 'round';
  const stroke = (/** @type {[number, number][]} */ part, /** @type {string} */ style, /** @type {number} */ width) => {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.beginPath();
    for (const [across, down] of part) context.lineTo(across, down);
    context.stroke();
  };
  stroke(points.slice(upto), colour('--surface'), 1);
  const walked = points.slice(0, upto + 1);
  stroke(walked, colour('--surface'), 5);
  stroke(walked, tone, 2.5);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 * @param {string} fill
 * @param {string} edge
 */
export function dot(context, x, y, radius, fill, edge) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = fill;
  context.fill();
  context.strokeStyle = edge;
  context.lineWidth = 1.5;
  context.stroke();
}

/**
 * The best point.
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 */
export function star(context, x, y) {
  context.beginPath();
  for (let i = 0; i < 10; i++) {
    const [radius, angle] = [i % 2 ? 3 : 7.5, (i * Math.PI) / 5 - Math.PI / 2];
    context.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
  }
  context.closePath();
  context.fillStyle = '#ffffff';
  context.fill();
  context.strokeStyle = '#14252b';
  context.lineWidth = 1;
  context.stroke();
}
