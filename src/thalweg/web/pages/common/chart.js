/** @file A line chart: curves over a common x, a legend, values under the pointer or the arrow keys. */

import { axes, line, plotBox, scale } from './axes.js';
import { colour, font, painted } from './canvas.js';
import { digits } from './dom.js';

/**
 * @typedef {object} Series
 * @property {string} name in the legend
 * @property {string} colour a custom property such as `--accent`
 * @property {boolean} [dashed]
 * @property {boolean} [faint] whether it stands behind the others
 *
 * @typedef {object} Options
 * @property {string} title what the chart shows, for those who do not see it
 * @property {string} x the name of the x axis
 * @property {string} y the name of the y axis, with its unit
 * @property {boolean} [log] whether the y axis is logarithmic
 * @property {boolean} [zero] whether a linear y axis begins at 0 at the latest; it does by default
 * @property {boolean} [free] whether x may be any number: the cursor goes from value to value then
 * @property {number} [left] pixels for the numbers of the y axis
 * @property {Record<string, Series>} series
 * @property {(value: number) => string} [format] a value for the legend
 *
 * @typedef {{x: number[], y: number[], breaks?: Set<number>}} Curve `breaks`: where a new line begins
 */

export class LineChart {
  /**
   * @param {HTMLElement} host an empty element; the chart fills it
   * @param {Options} options
   */
  constructor(host, options) {
    this.options = options;
    /** @type {Map<string, Curve>} */
    this.curves = new Map(Object.keys(options.series).map((key) => [key, { x: [], y: [] }]));
    /** @type {{x: number, text: string}[]} */
    this.marks = [];
    /** @type {{y: number, text: string}[]} */
    this.levels = [];
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.told = undefined;
    /** The least range of x, so that a curve does not begin as a dot. */
    this.least = 10;
    /** @type {number | null} */
    this.cursor = null;
    host.classList.add('chart');
    this.legend = document.createElement('ul');
    this.legend.className = 'legend';
    /** @type {Map<string, HTMLElement>} */
    this.values = new Map();
    for (const [key, { name, colour: tone, dashed, faint }] of Object.entries(options.series)) {
      const item = document.createElement('li'), sign = document.createElement('span'), value = document.createElement('b');
      sign.className = dashed ? 'key dashed' : faint ? 'key faint' : 'key';
      sign.style.setProperty('--key', `var(${tone})`);
      item.append(sign, name, value);
      this.legend.append(item);
      this.values.set(key, value);
    }
    this.canvas = document.createElement('canvas');
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute('role', 'img');
    host.append(this.legend, this.canvas);
    this.redraw = painted(this.canvas, (context, width, height) => this.#paint(context, width, height));
    this.canvas.addEventListener('pointermove', (event) => this.#point(event.offsetX));
    this.canvas.addEventListener('pointerleave', () => this.#point(null));
    this.canvas.addEventListener('blur', () => this.#point(null));
    this.canvas.addEventListener('keydown', (event) => this.#key(event));
    this.#tell();
  }

  /**
   * One more value of a curve.
   * @param {string} key
   * @param {number} x greater than the last one
   * @param {number} y
   */
  push(key, x, y) {
    const curve = this.#curve(key);
    curve.x.push(x);
    curve.y.push(y);
    this.#changed();
  }

  /**
   * All values of a curve.
   * @param {string} key
   * @param {number[]} x ascending
   * @param {number[]} y
   * @param {Iterable<number>} [breaks] the numbers of the values with which a new line begins
   */
  set(key, x, y, breaks = []) {
    this.#curve(key);
    this.curves.set(key, { x: [...x], y: [...y], breaks: new Set(breaks) });
    this.#changed();
  }

  /** Vertical lines with a word. @param {{x: number, text: string}[]} marks */
  setMarks(marks) {
    this.marks = marks;
    this.redraw();
  }

  /** Horizontal lines with a word. @param {{y: number, text: string}[]} levels */
  setLevels(levels) {
    this.levels = levels;
    this.redraw();
  }

  /** @param {string} key */
  #curve(key) {
    const curve = this.curves.get(key);
    if (!curve) throw new Error(`the chart has no curve "${key}"`);
    return curve;
  }

  #changed() {
    this.redraw();
    // The text for those who do not see the chart: not at each of sixty values a second.
    this.told ??= setTimeout(() => this.#tell(), 400);
  }

  #tell() {
    this.told = undefined;
    const parts = [...this.curves].filter(([, curve]) => curve.y.length).map(([key, curve]) => {
      const last = curve.y.length - 1;
      return `${this.options.series[key].name} from ${this.#format(curve.y[0])} to ${this.#format(curve.y[last])} at ${this.options.x} ${curve.x[last]}`;
    });
    this.canvas.setAttribute('aria-label', `${this.options.title}. ${parts.length ? parts.join('; ') : 'Nothing yet'}.`);
  }

  /** @param {number} value */
  #format(value) {
    return (this.options.format ?? digits)(value);
  }

  /** @param {number | null} pixel */
  #point(pixel) {
    const x = pixel === null || !this.scales ? null : this.scales.x.back(pixel);
    this.cursor = x === null || this.options.free ? x : Math.round(x);
    this.redraw();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (!by || !this.scales) return;
    event.preventDefault();
    const { min, max } = this.scales.x;
    this.cursor = Math.min(max, Math.max(min, this.options.free ? this.#along(by) : (this.cursor ?? max) + by));
    this.redraw();
  }

  /** @param {number} by how many values of the curve that has most of them to go on */
  #along(by) {
    const { x } = [...this.curves.values()].reduce((most, curve) => (curve.x.length > most.x.length ? curve : most));
    const from = this.cursor === null ? x.length - 1 : nearest(x, this.cursor, Infinity);
    return x[Math.min(x.length - 1, Math.max(0, from + by))] ?? 0;
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} width
   * @param {number} height
   */
  #paint(context, width, height) {
    const box = plotBox(width, height, { left: this.options.left });
    const curves = [...this.curves.values()];
    let [first, end, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
    for (const { x, y } of curves) {
      if (!x.length) continue;
      first = Math.min(first, x[0]);
      end = Math.max(end, x[x.length - 1]);
      for (const value of y) {
        if (!Number.isFinite(value) || (this.options.log && value <= 0)) continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
    for (const { y } of this.levels) [low, high] = [Math.min(low, y), Math.max(high, y)];
    if (first > end) [first, end] = [0, this.least];
    if (low > high) [low, high] = this.options.log ? [0.1, 1] : [0, 1];
    // The words of the marks stand above the curves.
    const head = this.marks.length ? 0.18 : 0.05;
    if (this.options.log) [low, high] = [low / 1.15, high * Math.max(1.15, (high / low) ** head)];
    else if (this.options.zero === false) [low, high] = apart(low, high, head);
    else [low, high] = [Math.min(0, low), high * (1 + head) || 1];
    const x = scale(first, Math.max(end, first + this.least), box.left, box.right);
    const y = scale(low, high, box.bottom, box.top, this.options.log);
    this.scales = { x, y };
    axes(context, box, x, y, this.options);
    this.#lines(context, box, x, y);
    for (const [key, curve] of this.curves) this.#draw(context, curve, this.options.series[key], x, y);
    this.#read(context, box, x, y);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {import('./axes.js').Box} box
   * @param {import('./axes.js').Scale} x
   * @param {import('./axes.js').Scale} y
   */
  #lines(context, box, x, y) {
    context.font = font(12, 560);
    context.fillStyle = context.strokeStyle = colour('--soft');
    context.lineWidth = 1;
    context.setLineDash([2, 4]);
    for (const { y: level, text } of this.levels) {
      line(context, box.left, y.at(level), box.right, y.at(level));
      context.textAlign = 'right';
      context.textBaseline = 'bottom';
      context.fillText(text, box.right - 8, y.at(level) - 3);
    }
    for (const { x: value, text } of this.marks) {
      const place = x.at(value), rightward = place < (box.left + box.right) / 2;
      line(context, place, box.top, place, box.bottom);
      context.textAlign = rightward ? 'left' : 'right';
      context.textBaseline = 'top';
      context.fillText(text, place + (rightward ? 6 : -6), box.top);
    }
    context.setLineDash([]);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Curve} curve
   * @param {Series} series
   * @param {import('./axes.js').Scale} x
   * @param {import('./axes.js').Scale} y
   */
  #draw(context, curve, series, x, y) {
    context.strokeStyle = colour(series.colour);
    context.globalAlpha = series.faint ? 0.45 : 1;
    context.lineWidth = series.faint ? 1 : series.dashed ? 1.5 : 2;
    context.lineJoin = 'round';
    context.lineCap = series.dashed ? 'butt' : 'round';
    context.setLineDash(series.dashed ? [5, 4] : []);
    context.beginPath();
    trace(context, curve, x, (value) => y.at(Math.min(y.max, Math.max(y.min, value))));
    context.stroke();
    context.globalAlpha = 1;
    context.setLineDash([]);
  }

  /**
   * The values under the pointer, else the last ones.
   * @param {CanvasRenderingContext2D} context
   * @param {import('./axes.js').Box} box
   * @param {import('./axes.js').Scale} x
   * @param {import('./axes.js').Scale} y
   */
  #read(context, box, x, y) {
    const cursor = this.cursor;
    if (cursor !== null) {
      context.strokeStyle = colour('--soft');
      context.lineWidth = 1;
      line(context, x.at(cursor), box.top, x.at(cursor), box.bottom);
      context.fillStyle = colour('--ink');
      context.font = font(12, 560);
      context.textAlign = x.at(cursor) > (box.left + box.right) / 2 ? 'right' : 'left';
      context.textBaseline = 'bottom';
      context.fillText(`${this.options.x} ${this.options.free ? digits(cursor) : cursor}`, x.at(cursor) + (context.textAlign === 'left' ? 6 : -6), box.bottom - 4);
    }
    for (const [key, curve] of this.curves) {
      const at = cursor === null ? curve.x.length - 1 : nearest(curve.x, cursor, this.options.free ? Infinity : 0.5);
      const shown = /** @type {HTMLElement} */ (this.values.get(key));
      const text = at < 0 ? '' : this.#format(curve.y[at]);
      if (shown.textContent !== text) shown.textContent = text;
      if (at < 0 || cursor === null) continue;
      context.fillStyle = colour(this.options.series[key].colour);
      context.beginPath();
      context.arc(x.at(curve.x[at]), y.at(Math.min(y.max, Math.max(y.min, curve.y[at]))), 4, 0, 7);
      context.fill();
    }
  }
}

/**
 * The path of a curve. Where many values share a column of pixels, it goes through the first, the
 * lowest, the highest and the last of them: no peak is lost, however many values there are.
 * @param {CanvasRenderingContext2D} context
 * @param {Curve} curve
 * @param {import('./axes.js').Scale} x
 * @param {(value: number) => number} place the pixel of a value
 */
function trace(context, curve, x, place) {
  let begins = true, alone = false, column = NaN, [low, high, last] = [0, 0, 0];
  const close = () => {
    // A value that stands alone is a dot; a line without any length would not be drawn.
    if (alone) context.lineTo(column + 0.01, last);
    if (low < last || high > last) {
      context.lineTo(column, low);
      context.lineTo(column, high);
      context.lineTo(column, last);
    }
  };
  curve.x.forEach((value, i) => {
    const [across, down] = [x.at(value), place(curve.y[i])];
    const gap = Number.isNaN(down), breaks = gap || curve.breaks?.has(i);
    if (!breaks && !begins && across - column < 0.5) {
      [low, high, last] = [Math.min(low, down), Math.max(high, down), down];
      return;
    }
    if (!begins) close();
    if (gap) {
      begins = true;
      return;
    }
    if (begins || breaks) context.moveTo(across, down);
    else context.lineTo(across, down);
    alone = begins || !!breaks;
    begins = false;
    [column, low, high, last] = [across, down, down, down];
  });
  if (!begins) close();
}

/**
 * Limits around values that need no 0 among them.
 * @param {number} low
 * @param {number} high
 * @param {number} head the share of the range that stays free above
 */
function apart(low, high, head) {
  const range = high - low || Math.abs(high) || 1;
  return [low - 0.05 * range, high + head * range];
}

/**
 * @param {number[]} values ascending
 * @param {number} wanted
 * @param {number} within how far away it may be
 * @returns the number of the nearest one; -1 where none is so near
 */
function nearest(values, wanted, within) {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  if (low > 0 && wanted - values[low - 1] < values[low] - wanted) low -= 1;
  return values.length && Math.abs(values[low] - wanted) <= within ? low : -1;
}
