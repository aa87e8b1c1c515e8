/** @file Gradient health on the live view: sentences, norms by layer over time, a table of the layers now. */

import { LineChart } from './chart.js';
import { choice, digits, find } from './dom.js';
import { AXES } from './live_runs.js';
import { draw } from './live_curves.js';

/**
 * @typedef {import('./live_runs.js').Runs} Runs
 * @typedef {import('./live_runs.js').Axis} Axis
 * @typedef {import('./live_runs.js').Layer} Layer
 */

/** @type {Record<string, (layer: Layer) => number | null>} what can be drawn of a layer */
const VALUES = {
  gradients: (layer) => layer.weight_gradient,
  activations: (layer) => layer.size,
  updates: (layer) => layer.ratio,
};
const NAMES = {
  gradients: 'Norm of the gradient of the weights, by layer',
  activations: 'Root mean square of the activations, by layer',
  updates: 'Norm of an update over the norm of the weights, by layer',
};

/** More curves than that nobody tells apart. */
const MOST = 8;

export class Health {
  /** @type {LineChart | undefined} */
  #chart;
  #names = '';
  #what = choice('norm', () => this.draw());
  #measured = 0;

  /** @param {(element: Element, draw: () => void) => void} draws */
  constructor(draws) {
    /** @type {Runs | undefined} */
    this.runs = undefined;
    /** @type {Axis} */
    this.axis = 'epochs';
    draws(find('health'), () => this.draw());
  }

  /**
   * @param {Runs} runs
   * @param {Axis} axis
   */
  show(runs, axis) {
    [this.runs, this.axis] = [runs, axis];
    const run = runs.now, last = runs.measured;
    const all = runs.all.reduce((sum, { measured }) => sum + measured.length, 0);
    const note = find('unmeasured');
    find('health').hidden = !all;
    note.hidden = all > 0 && !run?.unmeasured;
    if (run?.unmeasured) note.textContent = `Weights and gradients cannot be measured: ${run.unmeasured}`;
    else if (run && run.state !== 'running' && !all) note.textContent = 'Not measured: the training was over too soon, or nobody watched.';
    if (all === this.#measured || !last) return;
    this.#measured = all;
    find('measured-at').textContent = last.epoch === null ? `at step ${last.step.toLocaleString('en')}` : `at epoch ${digits(last.epoch)}`;
    find('findings').replaceChildren(...last.findings.map(({ sentence, good }) => {
      const item = document.createElement('li');
      item.textContent = sentence;
      item.classList.toggle('good', good);
      return item;
    }));
    find('layers').replaceChildren(...last.layers.map(row));
  }

  draw() {
    const runs = this.runs, layers = runs?.measured?.layers;
    if (!runs || !layers) return;
    const value = VALUES[this.#what.value];
    const shown = some(layers.filter((layer) => value(layer) !== null).map(({ name }) => name));
    const chart = this.#made(shown, /** @type {keyof typeof NAMES} */ (this.#what.value));
    draw(chart, runs, this.axis, Object.fromEntries(shown.map((name) => [name, runs.measurements(this.axis, (measured) => {
      const layer = measured.layers.find((one) => one.name === name);
      return layer ? value(layer) : null;
    })])));
  }

  /**
   * The chart for these layers; their colours run from the first layer to the last.
   * @param {string[]} names
   * @param {keyof typeof NAMES} what
   */
  #made(names, what) {
    const key = JSON.stringify([names, what]);
    if (this.#chart && key === this.#names) return this.#chart;
    this.#names = key;
    names.forEach((_, i) => {
      const share = names.length > 1 ? Math.round((100 * i) / (names.length - 1)) : 0;
      document.documentElement.style.setProperty(`--layer-${i}`, `color-mix(in oklab, var(--second) ${share}%, var(--accent))`);
    });
    find('norm-name').textContent = NAMES[what];
    find('norms').replaceChildren();
    this.#chart = new LineChart(find('norms'), {
      title: NAMES[what],
      x: AXES.epochs,
      y: '',
      left: 60,
      log: true,
      free: true,
      series: Object.fromEntries(names.map((name, i) => [name, { name, colour: `--layer-${i}`, dashed: i % 2 === 1 }])),
    });
    return this.#chart;
  }
}

/** @param {string[]} names some of them if there are many, evenly chosen, with the first and the last */
function some(names) {
  if (names.length <= MOST) return names;
  return Array.from({ length: MOST }, (_, i) => names[Math.round((i * (names.length - 1)) / (MOST - 1))]);
}

/** @param {Layer} layer */
function row(layer) {
  const tr = document.createElement('tr');
  const th = document.createElement('th');
  th.scope = 'row';
  th.textContent = layer.name;
  const number = (/** @type {number | null} */ value) => (value === null ? '–' : digits(value, 2));
  const cells = [
    number(layer.weight_gradient),
    number(layer.size),
    layer.zeros === null ? '–' : `${Math.round(100 * layer.zeros)}%`,
    layer.activation ? `${layer.dead.toLocaleString('en')} of ${layer.units.toLocaleString('en')}` : '–',
    number(layer.ratio),
  ].map((text) => {
    const td = document.createElement('td');
    td.className = 'number';
    td.textContent = text;
    return td;
  });
  tr.append(th, ...cells);
  return tr;
}
