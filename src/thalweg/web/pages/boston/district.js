/** @file The district that the visitor describes: a slider for each feature. */

import { digits, find, slider } from '../common/dom.js';

/** @typedef {import('./data.js').Data} Data */

export class District {
  /**
   * @param {Data} data
   * @param {() => void} changed the visitor moved a slider
   */
  constructor(data, changed) {
    this.features = data.features;
    this.test = data.parts.test;
    /** What a real district cost, in thousands of dollars; null for one that is made up. @type {number | null} */
    this.truth = null;
    const host = find('sliders', HTMLElement);
    const touched = () => {
      this.truth = null;
      changed();
    };
    /** @type {{value: number}[]} */
    this.inputs = data.features.map((feature) => (feature.yes ? check(host, feature, touched) : range(host, feature, touched)));
    this.average();
  }

  /** The features in the order of the model's input. */
  get values() {
    return Float32Array.from(this.inputs, (input) => input.value);
  }

  /** The district in the middle of all, not at the river. */
  average() {
    this.truth = null;
    this.features.forEach((feature, i) => (this.inputs[i].value = feature.yes ? 0 : feature.mean));
  }

  /** One of the test districts, which no model has seen. */
  real() {
    const row = Math.floor(Math.random() * this.test.y.length), width = this.features.length;
    this.inputs.forEach((input, i) => (input.value = this.test.x[row * width + i]));
    this.truth = this.test.y[row];
  }
}

/**
 * @param {HTMLElement} host
 * @param {import('./data.js').Feature} feature
 * @param {() => void} changed
 */
function range(host, { name, title, unit, min, max, log }, changed) {
  const label = document.createElement('label');
  label.className = 'slider';
  const words = document.createElement('span'), small = document.createElement('small');
  small.textContent = unit;
  words.append(`${title} `, small);
  const input = Object.assign(document.createElement('input'), { type: 'range', id: `feature-${name}` });
  label.append(words, document.createElement('output'), input);
  host.append(label);
  return slider(input.id, { min, max, log, format: (value) => digits(value, 3), input: changed });
}

/**
 * @param {HTMLElement} host
 * @param {import('./data.js').Feature} feature
 * @param {() => void} changed
 */
function check(host, { name, title, unit }, changed) {
  const label = document.createElement('label');
  label.className = 'check';
  const input = Object.assign(document.createElement('input'), { type: 'checkbox', id: `feature-${name}`, title: unit });
  input.addEventListener('change', changed);
  label.append(input, title);
  host.append(label);
  return {
    get value() {
      return Number(input.checked);
    },
    set value(wanted) {
      input.checked = wanted > 0.5;
    },
  };
}
