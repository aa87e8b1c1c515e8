/** @file The distribution of each weight over time: a column for each measurement, darker where more values lie. */

import { axes, line, plotBox, scale } from './axes.js';
import { channels, colour, painted } from './canvas.js';
import { digits, find } from './dom.js';
import { AXES } from './live_runs.js';

/**
 * @typedef {import('./live_runs.js').Runs} Runs
 * @typedef {import('./live_runs.js').Axis} Axis
 * @typedef {import('./live_runs.js').Weight} Weight
 * @typedef {{x: number, weight: Weight}[]} Columns
 */

/** So many weights are shown unless one wants all. */
const FIRST = 6;

class Distribution {
  /** @type {Columns} */
  #columns = [];
  /** @type {number | null} the column under the pointer */
  #at = null;

  /** @param {string} path */
  constructor(path) {
    this.path = path;
    this.x = 'epoch';
    this.element = document.createElement('div');
    this.element.className = 'live-chart weight';
    const title = document.createElement('h3');
    title.textContent = path.split('/').slice(-2).join(' / ');
    title.title = path;
    this.note = document.createElement('p');
    this.note.className = 'numeric';
    this.canvas = document.createElement('canvas');
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute('role', 'img');
    this.element.append(title, this.note, this.canvas);
    this.redraw = painted(this.canvas, (context, width, height) => this.#paint(context, width, height));
    this.canvas.addEventListener('pointermove', ({ offsetX }) => this.#point(this.#nearest(offsetX)));
    for (const away of ['pointerleave', 'blur']) this.canvas.addEventListener(away, () => this.#point(null));
    this.canvas.addEventListener('keydown', (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[event.key];
      if (!by) return;
      event.preventDefault();
      const last = this.#columns.length - 1;
      this.#point(Math.min(last, Math.max(0, (this.#at ?? last) + by)));
    });
  }

  /**
   * @param {Columns} columns
   * @param {string} x the name of the axis
   */
  set(columns, x) {
    [this.#columns, this.x] = [columns, x];
    this.#say();
    this.redraw();
  }

  /** @param {number | null} at */
  #point(at) {
    if (at === this.#at) return;
    this.#at = at;
    this.#say();
    this.redraw();
  }

  #say() {
    const column = this.#columns.at(this.#at ?? -1);
    if (!column) return;
    const { x, weight: { mean, std, minimum, maximum, shape } } = column;
    const place = this.#at === null ? `${shape.join(' × ')} ` : `${this.x} ${digits(x)}: `;
    this.note.textContent = mean === null || std === null || minimum === null || maximum === null
      ? `${place}not finite`
      : `${place}${this.#at === null ? 'values, ' : ''}mean ${digits(mean, 2)}, standard deviation ${digits(std, 2)}, from ${digits(minimum, 2)} to ${digits(maximum, 2)}`;
    this.canvas.setAttribute('aria-label', `Distribution of ${this.path} over time. ${this.note.textContent}`);
  }

  /** @param {number} pixel */
  #nearest(pixel) {
    if (!this.edges) return null;
    const at = this.edges.findIndex((edge) => pixel < edge);
    return at <= 0 ? (at === 0 ? 0 : this.#columns.length - 1) : at - 1;
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} width
   * @param {number} height
   */
  #paint(context, width, height) {
    const columns = this.#columns;
    const bounded = columns.filter(({ weight }) => weight.minimum !== null && weight.maximum !== null);
    if (!bounded.length) return;
    const box = plotBox(width, height, { top: 8 });
    const low = Math.min(...bounded.map(({ weight }) => Number(weight.minimum)));
    const high = Math.max(...bounded.map(({ weight }) => Number(weight.maximum)));
    const room = (high - low || Math.abs(high) || 1) * 0.05;
    const y = scale(low - room, high + room, box.bottom, box.top);
    // A column goes halfway to its neighbours.
    const places = columns.map(({ x }) => x);
    const middles = places.slice(1).map((x, i) => (x + places[i]) / 2);
    const half = middles.length ? middles[0] - places[0] : 0.5;
    const bounds = [places[0] - half, ...middles, places[places.length - 1] + (middles.length ? places[places.length - 1] - middles[middles.length - 1] : 0.5)];
    const x = scale(bounds[0], bounds[bounds.length - 1], box.left, box.right);
    this.edges = bounds.map((bound) => x.at(bound));
    axes(context, box, x, y, { x: this.x, y: '' });
    const [paper, ink] = [channels('--surface'), channels('--accent-strong')];
    columns.forEach(({ weight }, i) => {
      const edges = /** @type {number[]} */ (this.edges);
      const [from, to] = [Math.round(edges[i]), Math.round(edges[i + 1])];
      if (weight.minimum === null || weight.maximum === null) return;
      const most = Math.max(...weight.counts), bin = (weight.maximum - weight.minimum) / weight.counts.length;
      weight.counts.forEach((count, k) => {
        if (!count) return;
        const [bottom, top] = [y.at(Number(weight.minimum) + k * bin), y.at(Number(weight.minimum) + (k + 1) * bin)];
        // The root, so that few values among many are seen.
        const share = 0.12 + 0.88 * Math.sqrt(count / most);
        context.fillStyle = `rgb(${paper.map((c, j) => c + (ink[j] - c) * share).join(' ')})`;
        context.fillRect(from, Math.floor(top), Math.max(1, to - from), Math.max(1, Math.ceil(bottom) - Math.floor(top)));
      });
    });
    if (this.#at !== null && columns[this.#at]) {
      context.strokeStyle = colour('--ink');
      context.lineWidth = 1;
      const middle = (this.edges[this.#at] + this.edges[this.#at + 1]) / 2;
      line(context, middle, box.top, middle, box.bottom);
    }
  }
}

export class Weights {
  /** @type {Map<string, Distribution>} */
  #shown = new Map();
  #all = false;

  /** @param {(element: Element, draw: () => void) => void} draws */
  constructor(draws) {
    this.draws = draws;
    /** @type {Runs | undefined} */
    this.runs = undefined;
    /** @type {Axis} */
    this.axis = 'epochs';
    find('more-weights').addEventListener('click', () => {
      this.#all = true;
      if (this.runs) this.show(this.runs, this.axis);
    });
  }

  /**
   * @param {Runs} runs
   * @param {Axis} axis
   */
  show(runs, axis) {
    [this.runs, this.axis] = [runs, axis];
    const last = runs.measured;
    find('weights-card').hidden = !last;
    if (!last) return;
    // What multiplies says more than what is added.
    const sorted = [...last.weights].sort((a, b) => Number(b.shape.length > 1) - Number(a.shape.length > 1));
    const wanted = new Set((this.#all ? sorted : sorted.slice(0, FIRST)).map(({ path }) => path));
    const more = find('more-weights');
    more.hidden = wanted.size === sorted.length;
    more.textContent = `Show all ${sorted.length} weights`;
    for (const { path } of last.weights) {
      if (!wanted.has(path) || this.#shown.has(path)) continue;
      const card = new Distribution(path);
      this.#shown.set(path, card);
      find('weights').append(card.element);
      this.draws(card.element, () => this.#draw(card));
    }
  }

  /** @param {Distribution} card */
  #draw(card) {
    if (!this.runs) return;
    const begins = this.runs.begins(this.axis);
    const columns = this.runs.all.flatMap((run, i) => run.measured.flatMap((measured) => {
      const weight = measured.weights.find(({ path }) => path === card.path);
      const x = { epochs: measured.epoch === null ? null : measured.epoch - run.first, steps: measured.step, minutes: measured.seconds / 60 }[this.axis];
      return weight && x !== null ? [{ x: begins[i] + x, weight }] : [];
    }));
    card.set(columns, AXES[this.axis]);
  }
}
