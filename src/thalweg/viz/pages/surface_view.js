/** @file A surface in 3-D on a canvas: facets from back to front, paths, a box with numbers. */

import { labels, scale, ticks } from './axes.js';
import { colour, font, painted } from './canvas.js';
import { brief, plain } from './surface_heights.js';
import { dot, star, track } from './surface_map.js';

/** @typedef {import('./surface_heights.js').Heights} Heights */
/** @typedef {[number, number, number]} Point in the box: x and y from -1 to 1, z from -0.5 to 0.5 */

// More facets along an axis would be smaller than a few pixels, and slow to turn.
const FACETS = 60;
const TALL = 1.25;
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
    this.#box(context, project, width, height);
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
   * The ground with its numbers, and the vertical axis at the far left corner.
   * @param {CanvasRenderingContext2D} context
   * @param {(point: Point) => [number, number, number]} project
   * @param {number} width
   * @param {number} height
   */
  #box(context, project, width, height) {
    const { data, x, y } = this.heights;
    const floor = -0.62;
    const corners = /** @type {Point[]} */ ([[-1, -1, floor], [1, -1, floor], [1, 1, floor], [-1, 1, floor]]);
    const places = corners.map(project);
    context.strokeStyle = colour('--rule');
    context.lineWidth = 1;
    context.beginPath();
    for (const [across, down] of places) context.lineTo(across, down);
    context.closePath();
    context.stroke();
    context.font = font(12);
    // The sides of the ground that are nearer to the eye carry the numbers.
    const side = (/** @type {Point} */ a, /** @type {Point} */ b) => (project(a)[2] > project(b)[2] ? a : b);
    const front = side([0, -1, floor], [0, 1, floor])[1], right = side([-1, 0, floor], [1, 0, floor])[0];
    const middle = project([0, 0, floor]);
    const write = (/** @type {string} */ text, /** @type {Point} */ at, /** @type {number} */ away, /** @type {string} */ tone) => {
      const [across, down] = project(at);
      const [dx, dy] = [across - middle[0], down - middle[1]], length = Math.hypot(dx, dy) || 1;
      context.fillStyle = colour(tone);
      context.textAlign = 'left';
      context.textBaseline = 'middle';
      const long = context.measureText(text).width;
      const from = across + (dx / length) * away - (Math.abs(dx) < 0.35 * length ? long / 2 : dx > 0 ? 0 : long);
      const inside = Math.min(width - 2 - long, Math.max(2, from));
      context.fillText(text, inside, Math.min(height - 8, down + Math.max(0, dy / length) * away + 2));
    };
    const numbers = (/** @type {number[]} */ axis) => {
      const along = scale(axis[0], axis[axis.length - 1], -1, 1);
      const values = ticks(along, width < 400 ? 3 : 4), texts = labels(values);
      return values.map((value, i) => ({ at: along.at(value), text: texts[i] }));
    };
    for (const { at, text } of numbers(x)) write(text, [at, front, floor], 12, '--soft');
    for (const { at, text } of numbers(y)) write(text, [right, at, floor], 12, '--soft');
    const beyond = width < 400 ? 42 : 22;
    write(brief(data.names[0]), [0, front * 1.18, floor], beyond, '--ink');
    write(brief(data.names[1]), [right * 1.18, 0, floor], beyond, '--ink');
    // The vertical axis stands where the ground is widest to the left.
    const [post] = [...corners].sort((a, b) => project(a)[0] - project(b)[0]);
    const foot = project(post), top = project([post[0], post[1], 0.5]);
    context.beginPath();
    context.moveTo(foot[0], foot[1]);
    context.lineTo(top[0], top[1]);
    context.stroke();
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    let above = Infinity;
    for (const tick of data.ticks) {
      const [across, down] = project([post[0], post[1], this.heights.rise(tick) - 0.5]);
      if (above - down < 15) continue;
      above = down;
      context.fillStyle = colour('--soft');
      context.fillText(plain(tick), across - 8, down);
    }
    context.textAlign = 'left';
    context.textBaseline = 'bottom';
    context.fillStyle = colour('--ink');
    context.fillText(data.label, Math.max(0, top[0] - context.measureText(data.label).width / 2), top[1] - 8);
  }

  /**
   * Paths, the lowest point and the place that is read from above.
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
    const { lowest, present } = data;
    star(context, ...place(lowest.place[0], lowest.place[1], lowest.height));
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

/**
 * The points of a surface in its box and the colours of its facets, lit from the side.
 * @param {Heights} heights
 */
function facets(heights) {
  const { x, y, data } = heights;
  const thin = (/** @type {number[]} */ axis) => {
    const count = Math.min(axis.length, FACETS + 1);
    return Array.from({ length: count }, (_, i) => Math.round((i * (axis.length - 1)) / (count - 1)));
  };
  const [is, js] = [thin(x), thin(y)];
  const height = (/** @type {number} */ i, /** @type {number} */ j) => data.heights[j * x.length + i];
  /** @type {Point[]} */
  const points = [];
  for (const j of js) {
    for (const i of is) points.push([(2 * i) / (x.length - 1) - 1, (2 * j) / (y.length - 1) - 1, heights.rise(height(i, j)) - 0.5]);
  }
  const [columns, rows] = [is.length, js.length];
  /** @type {string[]} */
  const tones = [];
  const quarters = [0, 0, 0, 0];
  for (let j = 0; j < rows - 1; j++) {
    for (let i = 0; i < columns - 1; i++) {
      const k = j * columns + i;
      const [a, b, d, e] = [points[k], points[k + 1], points[k + columns], points[k + columns + 1]];
      const [dx, dy] = [(TALL * (b[2] + e[2] - a[2] - d[2])) / (b[0] - a[0]) / 2, (TALL * (d[2] + e[2] - a[2] - b[2])) / (d[1] - a[1]) / 2];
      const light = (0.5 * dx - 0.35 * dy + 0.8) / Math.hypot(dx, dy, 1);
      const share = [[i, j], [i + 1, j], [i, j + 1], [i + 1, j + 1]].reduce((sum, [p, q]) => sum + heights.share(height(is[p], js[q])), 0) / 4;
      const tone = heights.colour(share).map((v) => Math.round(v * Math.min(1, 0.8 + 0.25 * light)));
      tones.push(`rgb(${tone.join(' ')})`);
      quarters[(2 * i < columns ? 0 : 1) + (2 * j < rows ? 0 : 2)] += share;
    }
  }
  // Seen over its lowest corner nothing is hidden behind a ridge.
  const corner = quarters.indexOf(Math.min(...quarters));
  const turn = [-0.6, 0.6, -2.5, 2.5][corner];
  return { columns, rows, points, tones, turn };
}
