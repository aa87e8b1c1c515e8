/** @file A slider and a field for each number that can be changed. */

import { slider } from '../../web/pages/common/dom.js';
import { number } from './backprop_words.js';

/** @typedef {{label: string, shape: number[], value: number[], factor: boolean}} Knob */

/**
 * @param {Element} parent
 * @param {Knob[]} knobs
 * @param {() => void} changed
 */
export function knobRows(parent, knobs, changed) {
  const now = knobs.map(({ value }) => [...value]);
  /** @type {(() => void)[]} */
  const resets = [];
  knobs.forEach((knob, k) => knob.value.forEach((first, i) => {
    const name = knob.value.length > 1 ? `${knob.label}[${place(i, knob.shape).join(', ')}]` : knob.label, id = `knob-${k}-${i}`;
    const row = document.createElement('div');
    row.className = 'knob';
    row.innerHTML = `<label for="${id}"></label><input type="number" step="any" aria-label=""><input id="${id}" type="range">`;
    const [label, field] = /** @type {[HTMLLabelElement, HTMLInputElement]} */ ([row.children[0], row.children[1]]);
    label.textContent = name;
    field.setAttribute('aria-label', `${name}, as a number`);
    parent.append(row);
    const set = (/** @type {number} */ value) => {
      now[k][i] = value;
      changed();
    };
    const track = slider(id, {
      ...range(first, knob.factor),
      log: knob.factor,
      steps: 400,
      format: number,
      input: (value) => {
        const kept = Number(value.toPrecision(3));
        field.value = String(kept);
        set(kept);
      },
    });
    const put = (/** @type {number} */ value) => {
      track.value = value;
      now[k][i] = value;
    };
    field.addEventListener('input', () => {
      const value = field.valueAsNumber;
      if (!Number.isFinite(value)) return; // half a number is being typed
      put(value);
      changed();
    });
    resets.push(() => {
      put(first);
      field.value = String(Number(first.toPrecision(5)));
    });
    resets.at(-1)?.();
  }));
  return {
    values: () => now,
    reset() {
      for (const reset of resets) reset();
      changed();
    },
  };
}

/**
 * The ends of a track: a factor has a tenth to ten times, a number at least −5 to 5.
 * @param {number} first
 * @param {boolean} factor
 */
function range(first, factor) {
  const most = Math.max(5, 2 ** Math.ceil(Math.log2(2 * Math.abs(first) || 1)));
  return factor ? { min: 0.1, max: 10 } : { min: -most, max: most };
}

/**
 * @param {number} i of an element, in the order of rows
 * @param {number[]} shape
 */
function place(i, shape) {
  const found = [];
  for (const length of [...shape].reverse()) {
    found.unshift(i % length);
    i = Math.floor(i / length);
  }
  return found;
}
