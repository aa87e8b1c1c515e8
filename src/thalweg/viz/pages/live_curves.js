/** @file The charts of a training over time: a card for each metric, the throughput, the learning rate. */

import { LineChart } from './chart.js';
import { find } from './dom.js';
import { AXES } from './live_runs.js';
import { count } from './live_words.js';

/**
 * @typedef {import('./live_runs.js').Runs} Runs
 * @typedef {import('./live_runs.js').Axis} Axis
 * @typedef {import('./live_runs.js').Curve} Curve
 */

/** The least part of an axis that is shown, so that a curve does not begin as a dot. */
const LEAST = { epochs: 1, steps: 20, minutes: 0.1 };

/**
 * Draw the curves of a chart anew.
 * @param {LineChart} chart
 * @param {Runs} runs
 * @param {Axis} axis
 * @param {Record<string, Curve>} curves
 */
export function draw(chart, runs, axis, curves) {
  chart.options.x = AXES[axis];
  chart.least = LEAST[axis];
  let [low, high] = [Infinity, -Infinity];
  for (const [key, { x, y, breaks }] of Object.entries(curves)) {
    chart.set(key, x, y, breaks);
    for (const value of y) [low, high] = [Math.min(low, value), Math.max(high, value)];
    const item = chart.values.get(key)?.parentElement;
    if (item) item.hidden = !x.length;
  }
  // 0 belongs into the picture unless the values are far away from it.
  chart.options.zero = !(low > (high - low) * 2) || low === high;
  chart.setMarks(runs.marks(axis));
}

/** @param {HTMLInputElement} input @param {LineChart} chart its y axis is logarithmic while the input is checked */
function switched(input, chart) {
  input.addEventListener('change', () => {
    chart.options.log = input.checked;
    chart.redraw();
  });
}

/** How many times the last value the highest one has to be for a logarithmic axis, unless one chooses. */
const STEEP = 100;

/** @param {Curve[]} curves whether they have fallen so far that on a linear axis nothing is seen */
function steep(curves) {
  let [least, most, last] = [Infinity, -Infinity, NaN];
  for (const { y } of curves) {
    for (const value of y) {
      if (!Number.isFinite(value)) continue;
      [least, most, last] = [Math.min(least, value), Math.max(most, value), value];
    }
  }
  return least > 0 && most > STEEP * last;
}

class Metric {
  /** @param {string} name */
  constructor(name) {
    this.name = name;
    this.element = document.createElement('div');
    this.element.className = 'live-chart';
    const [header, title, host] = ['header', 'h3', 'div'].map((tag) => document.createElement(tag));
    const log = document.createElement('label'), input = document.createElement('input');
    title.textContent = name.replaceAll('_', ' ');
    log.className = 'switch';
    input.type = 'checkbox';
    log.append(input, 'logarithmic');
    header.append(title, log);
    this.element.append(header, host);
    this.chart = new LineChart(host, {
      title: `${name} over time`,
      x: AXES.epochs,
      y: '',
      free: true,
      series: {
        within: { name: 'within epochs', colour: '--accent', faint: true },
        train: { name: 'training', colour: '--accent' },
        val: { name: 'validation', colour: '--second', dashed: true },
      },
    });
    switched(input, this.chart);
    input.addEventListener('change', () => {
      this.chosen = true;
    });
    this.input = input;
    /** Whether somebody has used the switch. */
    this.chosen = false;
  }

  /** @param {Runs} runs @param {Axis} axis */
  draw(runs, axis) {
    const curves = {
      within: runs.curve(axis, 'points', this.name),
      train: runs.curve(axis, 'ended', this.name),
      val: runs.curve(axis, 'ended', `val_${this.name}`),
    };
    if (!this.chosen) this.chart.options.log = this.input.checked = steep([curves.within, curves.train]);
    draw(this.chart, runs, axis, curves);
  }
}

export class Curves {
  /** @type {Map<string, Metric>} */
  #cards = new Map();
  #throughput = new LineChart(find('throughput'), {
    title: 'Throughput over time',
    x: AXES.epochs,
    y: '',
    left: 68,
    free: true,
    format: count,
    series: { speed: { name: 'samples a second', colour: '--accent' } },
  });
  #rate = new LineChart(find('rate'), {
    title: 'Learning rate over time',
    x: AXES.epochs,
    y: '',
    left: 68,
    free: true,
    series: { rate: { name: 'learning rate', colour: '--third' } },
  });

  /** @param {(element: Element, draw: () => void) => void} draws registers what is drawn when it is seen */
  constructor(draws) {
    this.draws = draws;
    /** @type {Runs | undefined} */
    this.runs = undefined;
    /** @type {Axis} */
    this.axis = 'epochs';
    switched(find('rate-log', HTMLInputElement), this.#rate);
    draws(find('throughput'), () => this.#draw((runs) => draw(this.#throughput, runs, this.axis, { speed: runs.speeds(this.axis) })));
    draws(find('rate'), () => this.#draw((runs) => draw(this.#rate, runs, this.axis, { rate: runs.rates(this.axis) })));
  }

  /** @param {(runs: Runs) => void} paint */
  #draw(paint) {
    if (this.runs) paint(this.runs);
  }

  /**
   * @param {Runs} runs
   * @param {Axis} axis
   */
  show(runs, axis) {
    [this.runs, this.axis] = [runs, axis];
    for (const name of runs.metrics) {
      if (this.#cards.has(name)) continue;
      const card = new Metric(name);
      this.#cards.set(name, card);
      find('curves').append(card.element);
      this.draws(card.element, () => this.#draw((all) => card.draw(all, this.axis)));
    }
    find('no-curves').hidden = this.#cards.size > 0;
    find('within').hidden = !runs.all.some((run) => run.points.step.length);
  }
}
