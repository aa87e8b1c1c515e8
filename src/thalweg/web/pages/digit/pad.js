/** @file The pad: drawing by finger, pen, mouse or keyboard. */

/** @typedef {import('./strokes.js').Point} Point */
/** @typedef {import('./strokes.js').Stroke} Stroke */

const SVG = 'http://www.w3.org/2000/svg';
const STEP = 0.05, SMALL_STEP = 0.0125;
/** @type {Record<string, Point>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const within = (/** @type {number} */ value) => Math.min(0.97, Math.max(0.03, value));

/** Strokes as a person draws them; an event `draw` whenever they change, `rest` when the pen leaves. */
export class Pad extends EventTarget {
  /** @type {Stroke[]} */
  strokes = [];
  /** Whether the next stroke begins a new drawing. */
  finished = false;
  #svg;
  #ink;
  #brush;
  /** @type {Point} */
  #place = [0.5, 0.5];
  /** The stroke that the keyboard draws. @type {Stroke | null} */
  #pen = null;
  /** @type {{stroke: Stroke, id: number} | null} */
  #pointer = null;

  /** @param {SVGSVGElement} svg */
  constructor(svg) {
    super();
    this.#svg = svg;
    this.#ink = svg.appendChild(document.createElementNS(SVG, 'g'));
    this.#ink.setAttribute('class', 'ink');
    this.#brush = svg.appendChild(document.createElementNS(SVG, 'circle'));
    this.#brush.setAttribute('class', 'brush');
    svg.addEventListener('pointerdown', (event) => this.#down(event));
    svg.addEventListener('pointermove', (event) => this.#move(event));
    for (const end of ['pointerup', 'pointercancel']) svg.addEventListener(end, () => this.#up());
    svg.addEventListener('keydown', (event) => this.#key(event));
    svg.addEventListener('blur', () => this.#lift());
    this.#showBrush();
  }

  clear() {
    this.strokes = [];
    this.#pen = this.#pointer = null;
    this.#ink.replaceChildren();
    this.finished = false;
    this.#showBrush();
    this.#tell('draw');
    this.#tell('rest');
  }

  undo() {
    if (!this.strokes.length) return;
    this.#pen = this.#pointer = null;
    this.strokes.pop();
    this.#ink.lastChild?.remove();
    this.#showBrush();
    this.#tell('draw');
    this.#tell('rest');
  }

  /** @param {string} name */
  #tell(name) {
    this.dispatchEvent(new Event(name));
  }

  /** @param {Point} point @returns {Stroke} */
  #begin(point) {
    if (this.finished) this.clear();
    const stroke = [point];
    this.strokes.push(stroke);
    this.#ink.append(document.createElementNS(SVG, 'path'));
    this.#extend();
    return stroke;
  }

  /** Show the last stroke as it is now, its corners rounded. */
  #extend() {
    const points = this.strokes[this.strokes.length - 1].map(([x, y]) => [x * 100, y * 100]);
    let path = `M${points[0]}L${points[0]}`;
    for (let i = 1; i + 1 < points.length; i++) {
      const [[x, y], [nextX, nextY]] = [points[i], points[i + 1]];
      path += `Q${x} ${y} ${(x + nextX) / 2} ${(y + nextY) / 2}`;
    }
    if (points.length > 1) path += `L${points[points.length - 1]}`;
    this.#ink.lastElementChild?.setAttribute('d', path);
    this.#tell('draw');
  }

  /** @param {PointerEvent} event @returns {Point} */
  #at(event) {
    const { left, top, width, height } = this.#svg.getBoundingClientRect();
    return [within((event.clientX - left) / width), within((event.clientY - top) / height)];
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (this.#pointer || event.button) return;
    this.#lift();
    this.#svg.setPointerCapture(event.pointerId);
    this.#pointer = { id: event.pointerId, stroke: this.#begin(this.#at(event)) };
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const pointer = this.#pointer;
    if (pointer?.id !== event.pointerId) return;
    const passed = event.getCoalescedEvents?.() ?? [];
    for (const moved of passed.length ? passed : [event]) pointer.stroke.push(this.#at(moved));
    this.#extend();
  }

  #up() {
    if (!this.#pointer) return;
    this.#place = this.#pointer.stroke[this.#pointer.stroke.length - 1];
    this.#pointer = null;
    this.#showBrush();
    this.#tell('rest');
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const arrow = ARROWS[event.key];
    if (event.ctrlKey || event.metaKey) {
      if (event.key !== 'z') return;
      this.undo();
    } else if (arrow) {
      const step = event.shiftKey ? SMALL_STEP : STEP;
      this.#place = [within(this.#place[0] + arrow[0] * step), within(this.#place[1] + arrow[1] * step)];
      if (this.#pen) {
        this.#pen.push(this.#place);
        this.#extend();
      }
      this.#showBrush();
    } else if (event.key === ' ') {
      if (this.#pen) this.#lift();
      else this.#pen = this.#begin(this.#place);
      this.#showBrush();
    } else if (event.key === 'Delete' || event.key === 'Escape') {
      this.clear();
    } else {
      return;
    }
    event.preventDefault();
  }

  /** The keyboard's pen leaves the paper. */
  #lift() {
    if (!this.#pen) return;
    this.#pen = null;
    this.#showBrush();
    this.#tell('rest');
  }

  #showBrush() {
    this.#brush.setAttribute('cx', String(this.#place[0] * 100));
    this.#brush.setAttribute('cy', String(this.#place[1] * 100));
    this.#brush.classList.toggle('down', this.#pen !== null);
  }
}
