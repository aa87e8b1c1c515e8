/** @file What users give to predict, fit and evaluate, as arrays of the inputs of a program, checked. */

import { fail, samples } from './dtypes.js';
import { checkBatch, programOf } from './manifest.js';

/** @typedef {import('./types.js').Data} Data */
/** @typedef {import('./types.js').Manifest} Manifest */
/** @typedef {import('./types.js').Spec} Spec */

/** @typedef {ArrayLike<number> | ArrayLike<bigint> | readonly any[]} Numbers a typed array, or numbers in (nested) lists */
/** @typedef {Numbers | Record<string, Numbers>} Samples of one input; of several as a list, or as an object by name */

/**
 * @typedef {object} FitOptions
 * @property {number} [batchSize] samples in a batch; that of the export by default
 * @property {number} [epochs] the number of the last epoch, 1 by default
 * @property {number} [initialEpoch] the number of the first one, 0 by default
 * @property {[Samples, Samples?, Numbers?]} [validationData] x, y and weights of the samples
 * @property {number} [validationSplit] the share of the samples, the last ones, to validate with
 * @property {number} [validationBatchSize]
 * @property {number} [validationFreq] every how many epochs to validate
 * @property {boolean} [shuffle] whether each epoch has an order of its own, as by default
 * @property {Numbers} [sampleWeight] a weight for each sample
 * @property {AbortSignal} [signal] ends the training; fit is then rejected with its reason
 * @property {(epoch: number) => unknown} [onEpochBegin] training waits for it, and for those below
 * @property {(epoch: number, logs: Record<string, number>) => unknown} [onEpochEnd]
 * @property {(batch: number, logs: Record<string, number>) => unknown} [onBatchEnd]
 * @property {'auto' | 'epoch' | 'batch' | number} [yieldEvery] when others on the thread get their turn; a number is milliseconds
 */

/**
 * @param {any} value
 * @param {Spec[]} specs
 * @param {string} label
 */
function parts(value, specs, label) {
  const names = specs.map((spec) => spec.name), byName = value?.constructor === Object;
  const wrong = byName ? [...Object.keys(value), ...names].some((name) => !names.includes(name) || value[name] === undefined)
    : specs.length > 1 && value?.length !== specs.length;
  if (wrong) fail(`${label} must be an object with just ${names.join(', ')}${specs.length > 1 ? ', or a list of these' : ''}.`);
  return specs.map((spec, k) => samples(byName ? value[spec.name] : specs.length > 1 ? value[k] : value, spec, names[1] ? `${label} "${spec.name}"` : label));
}

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
  const { inputs, targets, weighted } = manifest, all = parts(x, inputs, 'x'), { rows } = all[0];
  if (name !== 'predict') {
    if (targets.length) all.push(...parts(y, targets, 'y'));
    if (weighted) all.push(samples(weight ?? Array(rows).fill(1), { shape: [], dtype: 'float32' }, 'sampleWeight'));
    else if (weight) fail('The model was exported without weights of samples; export it with sample_weight=True.');
    for (const { label, array } of all) {
      const place = /** @type {any[]} */ (/** @type {unknown} */ (array)).findIndex((x) => x - x !== 0 && typeof x === 'number');
      if (place >= 0) fail(`${label} contains ${array[place]} at sample ${Math.floor((place * rows) / array.length)}; replace or drop such values first.`);
    }
  }
  if (all.some((part) => part.rows !== rows)) fail(`All data must have the same number of samples, but ${all.map((part) => `${part.label} has ${part.rows}`).join(', ')}.`);
  return { arrays: all.map((part) => part.array), rows };
}

/**
 * The batch size to take, checked.
 * @param {Manifest} manifest
 * @param {string} name of the program
 * @param {number | undefined} wish
 * @param {number} rows
 */
export function batchOf(manifest, name, wish, rows) {
  const program = manifest.programs[name], batch = wish ?? program.capacity;
  checkBatch(program, batch);
  checkBatch(program, rows % batch || batch);
  return batch;
}

/**
 * What fit is to do.
 * @param {Manifest} manifest
 * @param {any} x
 * @param {any} y
 * @param {FitOptions} options
 * @param {number} slice
 * @returns {import('./fit.js').Plan}
 */
export function planOf(manifest, x, y, options, slice) {
  const { epochs = 1, initialEpoch = 0, validationData, validationSplit = 0, validationFreq = 1, shuffle = true, yieldEvery } = options;
  if (!(epochs >= 0 && initialEpoch >= 0 && epochs % 1 === 0 && initialEpoch % 1 === 0)) fail(`epochs and initialEpoch must be whole numbers from 0, got ${epochs} and ${initialEpoch}.`);
  let data = dataOf(manifest, 'train', x, y, options.sampleWeight), validation = null;
  if (validationData) validation = dataOf(manifest, 'evaluate', ...validationData);
  else if (validationSplit) {
    const { rows, arrays } = data, cut = Math.floor(rows * (1 - validationSplit));
    if (!(cut > 0 && cut < rows)) fail(`validationSplit ${validationSplit} leaves no sample on one side of ${rows}.`);
    const part = (/** @type {number} */ from, /** @type {number} */ to) => ({
      arrays: arrays.map((array) => array.subarray((from * array.length) / rows, (to * array.length) / rows)), rows: to - from,
    });
    [data, validation] = [part(0, cut), part(cut, rows)];
  }
  const batch = batchOf(manifest, 'train', options.batchSize, data.rows);
  return {
    data, validation, batch, epochs, initialEpoch, validationFreq, shuffle,
    validationBatch: validation ? batchOf(manifest, 'evaluate', options.validationBatchSize ?? batch, validation.rows) : 0,
    byEpoch: Boolean(options.onEpochBegin || options.onEpochEnd) || yieldEvery === 'epoch',
    byBatch: Boolean(options.onBatchEnd) || yieldEvery === 'batch',
    slice: typeof yieldEvery === 'number' ? yieldEvery : yieldEvery === 'batch' ? 0 : yieldEvery === 'epoch' ? Infinity : slice,
  };
}
