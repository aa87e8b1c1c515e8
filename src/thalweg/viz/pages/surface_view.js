/** @file A surface in 3-D on a canvas: facets from back to front, paths, a box with numbers. */

import { colour, painted } from './canvas.js';
import { drawBox } from './surface_box.js';
import { TALL, facets } from './surface_facets.js';
import { dot, star, track } from './surface_map.js';

/** @typedef {import('./surface_heights.js').Heights} Heights */
/** @typedef {import('./surface_facets.js').Point} Point */

// From the eye to the middle of the box, in halves of its width.
const DISTANCE = 6;

export class SurfaceView {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Heights} heights
   */
  constructor(canvas, heights) {
    this.canvas = canvas;
    this.heights = heights;
    this.step = 0;
    /** @type {[number, number] | null} */
    this.cursor = null;
    this.facets = facets(heights);
    this.first = { turn: this.facets.turn, tilt: 0.5, zoom: 1 };
    this.camera = { ...this.first };
    this.redraw = painted(canvas, (context, width, height) => this.#paint(context, width, height));
    this.#listen();
    this.#tell();
  }

  /** As at first. */
  reset() {
    this.camera = { ...this.first };
    this.#changed();
  }

  /** @param {number} around @param {number} up in radians */
  turn(around, up) {
    this.camera.turn += around;
    this.camera.tilt = Math.min(1.45, Math.max(0.05, this.camera.tilt + up));
    this.#changed();
  }

  /** @param {number} factor */
  zoom(factor) {
    this.camera.zoom = Math.min(5, Math.max(0.6, this.camera.zoom * factor));
    this.#changed();
  }

  #changed() {
    this.redraw();
    this.#tell();
  }

  #tell() {
    const degrees = (/** @type {number} */ angle) => Math.round((angle * 180) / Math.PI);
    const { turn, tilt } = this.camera;
    const around = ((degrees(turn) % 360) + 360) % 360;
    this.canvas.setAttribute('aria-label', `The surface, seen from ${around} degrees around and ${degrees(tilt)} degrees above`);
  }

  #listen() {
    const { canvas } = this;
    /** @type {Map<number, {x: number, y: number}>} */
    const fingers = new Map();
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    });
    canvas.addEventListener('pointermove', (event) => {
      const before = fingers.get(event.pointerId), now = { x: event.clientX, y: event.clientY };
      if (!before) return;
      const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
      if (other) {
        const apart = (/** @type {typeof now} */ a) => Math.max(1, Math.hypot(a.x - other.x, a.y - other.y));
        this.zoom(apart(now) / apart(before));
      } else {
        this.turn((before.x - now.x) / 150, (now.y - before.y) / 150);
      }
      fingers.set(event.pointerId, now);
    });
    for (const end of /** @type {const} */ (['pointerup', 'pointercancel'])) {
      canvas.addEventListener(end, (event) => fingers.delete(event.pointerId));
    }
    canvas.addEventListener('wheel', (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 400));
    }, { passive: false });
    canvas.addEventListener('keydown', (event) => {
      /** @type {Record<string, () => void>} */
      const actions = {
        ArrowLeft: () => this.turn(0.1, 0), ArrowRight: () => this.turn(-0.1, 0),
        ArrowUp: () => this.turn(0, 0.08), ArrowDown: () => this.turn(0, -0.08),
        '+': () => this.zoom(1.2), '=': () => this.zoom(1.2), '-': () => this.zoom(1 / 1.2), 0: () => this.reset(),
      };
      const action = actions[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    });
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} width
   * @param {number} height
   */
  #paint(context, width, height) {
    const { turn, tilt, zoom } = this.camera;
    const [c, s, ct, st] = [Math.cos(turn), Math.sin(turn), Math.cos(tilt), Math.sin(tilt)];
    // Room for the numbers around the box, however it is turned.
    const size = Math.min((width - 84) / 2.95, (height - 44) / 2.8) * zoom;
    const middle = height / 2 - 0.07 * size;
    /** @param {Point} point @returns {[number, number, number]} pixels, and how near it is */
    const project = ([x, y, z]) => {
      const across = x * c + y * s, back = -x * s + y * c, up = z * TALL;
      const near = -back * ct + up * st, rise = back * st + up * ct;
      const scaled = (size * DISTANCE) / (DISTANCE - near);
      return [width / 2 + across * scaled, middle - rise * scaled, near];
    };
    drawBox(context, this.heights, project, width, height);
    this.#facets(context, project, c, s);
    this.#onTop(context, project);
  }

  /**
   * Back to front: a height above a grid never needs more order than its rows and columns.
   * @param {CanvasRenderingContext2D} context
   * @param {(point: Point) => [number, number, number]} project
   * @param {number} c
   * @param {number} s cosine and sine of the turn
   */
  #facets(context, project, c, s) {
    const { columns, rows, points, tones } = this.facets;
    const places = points.map(project);
    const order = (/** @type {number} */ n, /** @type {boolean} */ up) => Array.from({ length: n }, (_, i) => (up ? i : n - 1 - i));
    // What is far comes first: x grows away from the eye where sin < 0, y where cos > 0.
    const [is, js] = [order(columns - 1, s >= 0), order(rows - 1, c < 0)];
    context.lineWidth = 0.7;
    context.lineJoin = 'round';
    for (const j of js) {
      for (const i of is) {
        const k = j * columns + i;
        const corners = [places[k], places[k + 1], places[k + columns + 1], places[k + columns]];
        context.fillStyle = context.strokeStyle = tones[j * (columns - 1) + i];
        context.beginPath();
        for (const [across, down] of corners) context.lineTo(across, down);
        context.closePath();
        context.fill();
        context.stroke();
      }
    }
  }

  /**
   * Paths, the best point and the place that is read from above.
   * @param {CanvasRenderingContext2D} context
   * @param {(point: Point) => [number, number, number]} project
   */
  #onTop(context, project) {
    const { data } = this.heights;
    const place = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ height) => {
      const [across, down] = project(this.#inBox(x, y, height));
      return /** @type {[number, number]} */ ([across, down]);
    };
    for (const path of data.paths) {
      const points = path.x.map((value, i) => place(value, path.y[i], path.heights[i]));
      track(context, points, Math.min(this.step, points.length - 1), colour(path.colour));
      if (this.step > 0) dot(context, ...points[0], 4.5, '#ffffff', '#14252b');
    }
    for (const path of data.paths) {
      const i = Math.min(this.step, path.x.length - 1);
      dot(context, ...place(path.x[i], path.y[i], path.heights[i]), 6, colour(path.colour), colour('--surface'));
    }
    const { best, present } = data;
    if (best) star(context, ...place(best.place[0], best.place[1], best.height));
    if (present) dot(context, ...place(present.place[0], present.place[1], present.height), 5, '#ffffff', '#14252b');
    if (this.cursor) {
      const [x, y] = this.cursor;
      dot(context, ...place(x, y, this.heights.at(x, y)), 4.5, 'transparent', '#ffffff');
    }
  }

  /** @param {number} x @param {number} y @param {number} height @returns {Point} */
  #inBox(x, y, height) {
    const { x: xs, y: ys } = this.heights;
    const share = (/** @type {number[]} */ axis, /** @type {number} */ value) => (2 * (value - axis[0])) / (axis[axis.length - 1] - axis[0]) - 1;
    return [share(xs, x), share(ys, y), Math.min(0.6, Math.max(-0.5, this.heights.rise(height) - 0.5))];
  }
}
