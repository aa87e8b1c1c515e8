/** @file What users give to predict, fit and evaluate, as arrays of the inputs of a program, checked. */

import { fail, samples } from './dtypes.js';
import { batchOf, programOf } from './manifest.js';

/** @typedef {import('./types.js').Data} Data */
/** @typedef {import('./types.js').Manifest} Manifest */

/**
 * Some of the rows.
 * @param {Data} data
 * @param {number} from
 * @param {number} to
 * @returns {Data}
 */
export const cut = ({ arrays, rows }, from, to) => ({
  arrays: arrays.map((array) => array.subarray((from * array.length) / rows, (to * array.length) / rows)), rows: to - from,
});

/**
 * @param {Manifest} manifest
 * @param {string} name of the program
 * @param {any} x
 * @param {any} [y]
 * @param {any} [weight]
 * @returns {Data}
 */
export function dataOf(manifest, name, x, y, weight) {
  programOf(manifest, name);
  const { inputs, targets, weighted } = manifest;
  const parts = (/** @type {any} */ value, /** @type {import('./api.js').Spec[]} */ specs, /** @type {string} */ label) => specs.map((spec, k) => (
    specs[1] || value?.constructor === Object ? samples(value?.[spec.name] ?? value?.[k], spec, `${label} "${spec.name}"`) : samples(value, spec, label)));
  const all = parts(x, inputs, 'x'), { rows } = all[0];
  if (name !== 'predict') {
    all.push(...parts(y, targets, 'y'));
    if (weighted) all.push(samples(weight ?? Array(rows).fill(1), { shape: [], dtype: 'float32' }, 'sampleWeight'));
    else if (weight) fail('sampleWeight needs an export with sample_weight=True.');
    for (const { label, array } of all) {
      const values = /** @type {any} */ (array);
      for (let k = 0; k < values.length; k++) { // ten times as fast as a function for each
        if (values[k] - values[k] != 0) fail(`${label} contains ${values[k]} at sample ${Math.floor((k * rows) / values.length)}.`); // NaN and infinity
      }
    }
  }
  if (all.some((part) => part.rows !== rows)) fail(`All data must have as many samples, but ${all.map((part) => `${part.label} has ${part.rows}`).join(', ')}.`);
  return { arrays: all.map((part) => part.array), rows };
}

/**
 * What fit is to do.
 * @param {Manifest} manifest
 * @param {any} x
 * @param {any} y
 * @param {import('./api.js').FitOptions} options
 * @param {number} slice
 * @returns {import('./fit.js').Plan}
 */
export function planOf(manifest, x, y, { validationData, validationSplit = 0, ...options }, slice) {
  let data = dataOf(manifest, 'train', x, y, options.sampleWeight), validation = null;
  if (validationData) validation = dataOf(manifest, 'evaluate', ...validationData);
  else if (validationSplit) {
    const { rows } = data, middle = Math.floor(rows * (1 - validationSplit));
    if (!(middle > 0 && middle < rows)) fail(`validationSplit ${validationSplit} leaves no sample on one side.`);
    [data, validation] = [cut(data, 0, middle), cut(data, middle, rows)];
  }
  const { batchSize, epochs: last = 1, initialEpoch: first = 0, validationBatchSize = batchSize, shuffle = true, onBatchEnd, yieldEvery } = options;
  if (!(last >= 0)) fail(`epochs must be a number from 0, got ${last}.`);
  return {
    data, validation, first, last, shuffle,
    batch: batchOf(manifest.programs.train, data.rows, batchSize),
    validationBatch: validation ? batchOf(manifest.programs.evaluate, validation.rows, validationBatchSize) : 0,
    slice: onBatchEnd || yieldEvery === 'batch' ? 0 : yieldEvery === 'epoch' ? Infinity : typeof yieldEvery === 'number' ? yieldEvery : slice,
  };
}
