/** @file The map of the loss over kernel and bias, the path on it, and the point that can be moved. */

import { axes, plotBox, scale } from '../common/axes.js';
import { colour, painted } from '../common/canvas.js';
import { digits, find, fixed } from '../common/dom.js';
import { contours } from './contours.js';
import { bestLine, lossOf } from './losses.js';

/** @typedef {import('./walk.js').Walk} Walk */
/** @typedef {import('./walk.js').Place} Place */
/** @typedef {import('./contours.js').View} View */

/** @type {View} */
const HOME = { kernel: [-0.06, 0.2], bias: [-0.35, 0.5] };
// The share of the view that an arrow key moves the point by; with shift, five times as far.
const NUDGE = 0.01;
// A finger takes hold of the point from so many pixels away.
const REACH = 32;

export class Surface {
  /**
   * @param {Walk} walk
   * @param {(place: Place) => void} moved the visitor wants the point there
   * @param {(text: string) => void} tell what lies under the pointer; an empty text when it leaves
   */
  constructor(walk, moved, tell) {
    this.walk = walk;
    this.moved = moved;
    this.tell = tell;
    this.canvas = find('surface', HTMLCanvasElement);
    /** @type {View} */
    this.view = HOME;
    /** @type {import('./contours.js').Contours | null} */
    this.contours = null;
    this.held = false;
    this.redraw = painted(this.canvas, (context, width, height) => this.#paint(context, width, height));
    this.#listen();
    this.home();
  }

  /** Show the part of the map where the bottom is. */
  home() {
    this.view = HOME;
    this.changed();
  }

  /** The loss is another one, or the view: measure it anew. */
  changed() {
    this.best = bestLine(this.walk.loss, this.walk.train);
    this.contours = null;
    this.show();
  }

  /** The point has moved: keep it in the view, and draw. */
  show() {
    const { kernel, bias } = this.walk.here;
    if (Number.isFinite(kernel) && Number.isFinite(bias)) {
      const view = { kernel: wider(this.view.kernel, kernel), bias: wider(this.view.bias, bias) };
      if (view.kernel !== this.view.kernel || view.bias !== this.view.bias) {
        this.view = view;
        this.contours = null;
      }
    }
    this.redraw();
    const loss = digits(lossOf(this.walk.loss, this.walk.train, kernel, bias));
    this.canvas.setAttribute('aria-label', `Map of the loss. The point is at kernel ${fixed(kernel, 4)} and bias ${fixed(bias, 4)}, where the loss is ${loss}. The arrow keys move it.`);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} width
   * @param {number} height
   */
  #paint(context, width, height) {
    const { walk, view } = this;
    const box = plotBox(width, height);
    const x = scale(...view.kernel, box.left, box.right), y = scale(...view.bias, box.bottom, box.top);
    this.scales = { x, y, box };
    this.contours ??= contours(walk.loss, walk.train, view, this.best?.loss ?? 0);
    axes(context, box, x, y, { x: 'kernel', y: 'bias', grid: false });
    context.save();
    context.beginPath();
    context.rect(box.left, box.top, box.right - box.left, box.bottom - box.top);
    context.clip();
    this.contours.paint(context, box);
    this.#best(context);
    this.#path(context);
    context.restore();
  }

  /** @param {CanvasRenderingContext2D} context */
  #best(context) {
    if (!this.scales || !this.best) return;
    const [x, y] = [this.scales.x.at(this.best.kernel), this.scales.y.at(this.best.bias)];
    context.strokeStyle = colour('--ink');
    context.lineWidth = 1.5;
    context.beginPath();
    for (const [dx, dy] of [[6, 0], [0, 6]]) {
      context.moveTo(x - dx, y - dy);
      context.lineTo(x + dx, y + dy);
    }
    context.stroke();
  }

  /** @param {CanvasRenderingContext2D} context */
  #path(context) {
    if (!this.scales) return;
    const { x, y } = this.scales, { path, here } = this.walk;
    context.strokeStyle = context.fillStyle = colour('--second');
    context.lineWidth = path.length > 2000 ? 1 : 1.75;
    context.lineJoin = 'round';
    context.beginPath();
    let pen = false;
    for (const place of path) {
      if (place) context[pen ? 'lineTo' : 'moveTo'](x.at(place.kernel), y.at(place.bias));
      pen = place !== null;
    }
    context.stroke();
    // The single steps, while they can be told apart.
    if (path.length < 400) {
      for (const place of path) {
        if (!place) continue;
        context.beginPath();
        context.arc(x.at(place.kernel), y.at(place.bias), 2.25, 0, 7);
        context.fill();
      }
    }
    context.beginPath();
    context.arc(x.at(here.kernel), y.at(here.bias), 7, 0, 7);
    context.fillStyle = colour('--surface');
    context.lineWidth = 3;
    context.fill();
    context.stroke();
  }

  #listen() {
    const { canvas } = this;
    canvas.addEventListener('pointerdown', (event) => {
      if (event.button || (event.pointerType === 'touch' && !this.#near(event.offsetX, event.offsetY))) return;
      this.held = true;
      canvas.setPointerCapture(event.pointerId);
      this.#move(event);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (this.held) this.#move(event);
      this.#tellOf(this.#place(event));
    });
    for (const end of ['pointerup', 'pointercancel']) canvas.addEventListener(end, () => (this.held = false));
    canvas.addEventListener('pointerleave', () => this.tell(''));
    // A finger scrolls the page over the map, unless it takes hold of the point; a tap moves the point there.
    canvas.addEventListener('touchstart', (event) => {
      const touch = event.touches[0], corner = canvas.getBoundingClientRect();
      if (this.#near(touch.clientX - corner.left, touch.clientY - corner.top)) event.preventDefault();
    }, { passive: false });
    canvas.addEventListener('click', (event) => {
      if (/** @type {PointerEvent} */ (event).pointerType !== 'mouse') this.#move(event);
    });
    canvas.addEventListener('keydown', (event) => this.#key(event));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
    if (!direction) return;
    event.preventDefault();
    const by = NUDGE * (event.shiftKey ? 5 : 1), { kernel, bias } = this.view;
    this.moved({
      kernel: this.walk.here.kernel + direction[0] * by * (kernel[1] - kernel[0]),
      bias: this.walk.here.bias + direction[1] * by * (bias[1] - bias[0]),
    });
    this.#tellOf(this.walk.here);
  }

  /** Whether a finger there takes hold of the point. @param {number} left @param {number} top */
  #near(left, top) {
    if (!this.scales) return false;
    const { kernel, bias } = this.walk.here;
    return Math.hypot(left - this.scales.x.at(kernel), top - this.scales.y.at(bias)) <= REACH;
  }

  /** @param {MouseEvent} event @returns {Place | null} */
  #place(event) {
    if (!this.scales) return null;
    const { x, y, box } = this.scales;
    const inside = (/** @type {number} */ value, /** @type {number} */ low, /** @type {number} */ high) => Math.min(high, Math.max(low, value));
    return { kernel: x.back(inside(event.offsetX, box.left, box.right)), bias: y.back(inside(event.offsetY, box.top, box.bottom)) };
  }

  /** @param {MouseEvent} event */
  #move(event) {
    const place = this.#place(event);
    if (place) this.moved(place);
  }

  /** @param {Place | null} place */
  #tellOf(place) {
    if (!place) return;
    const loss = digits(lossOf(this.walk.loss, this.walk.train, place.kernel, place.bias));
    this.tell(`kernel ${fixed(place.kernel, 3)}, bias ${fixed(place.bias, 3)}: loss ${loss}`);
  }
}

/**
 * A range that holds a value: doubled on its side until it does.
 * @param {[number, number]} range
 * @param {number} value
 * @returns {[number, number]}
 */
function wider(range, value) {
  let [low, high] = range;
  if (value >= low && value <= high) return range;
  while (value < low) low -= high - low;
  while (value > high) high += high - low;
  return [low, high];
}
