/** @file The states of a model out of the tensors of files, in whatever precision those are. */

import { bytesOf, decode, encode, fail, product } from './dtypes.js';

/** @typedef {import('./types.js').Manifest} Manifest */
/** @typedef {import('./types.js').Values} Values */
/** @typedef {Record<string, import('./safetensors.js').Tensor>} Tensors */

/**
 * A tensor's elements in the dtype of a state; 8-bit ones have a scale for each place along the last axis.
 * @param {Tensors} tensors
 * @param {string} name
 * @param {string} dtype
 */
export function elements(tensors, name, dtype) {
  const { dtype: from, bytes } = tensors[name], scale = tensors[`${name}.scale`];
  if (!scale && from === dtype) return bytes;
  let values = /** @type {any} */ (decode(from, bytes));
  if (scale) {
    const by = /** @type {any} */ (decode(scale.dtype, scale.bytes));
    values = Float32Array.from(values, (value, i) => value * by[i % by.length]);
  }
  return bytesOf(encode(dtype, values));
}

/**
 * What tensors give the states, all checked.
 * @param {Manifest} manifest
 * @param {Tensors} tensors
 * @param {boolean} whole whether it must be all states, and not weights alone
 * @returns {Values}
 */
export function statesOf({ states }, tensors, whole) {
  const wrong = (/** @type {string} */ why, /** @type {string} */ name) => fail(`The file is of another model: ${why} "${name}".`);
  for (const name in tensors) {
    if (!whole && !states.some((state) => state.name === name)) wrong('the model has no', name);
  }
  return states.flatMap(({ name, shape, dtype, role }, k) => {
    const tensor = tensors[name];
    if (!tensor) return whole || /weight|statistic/.test(role) ? wrong('it has no', name) : [];
    return String(tensor.shape) === String(shape) ? [[k, elements(tensors, name, dtype)]] : wrong(`it has shape [${tensor.shape}] and not [${shape}] for`, name);
  });
}

/** What metrics hold when an epoch begins. @param {Manifest} manifest @returns {Values} */
export const initialStates = ({ states }) => states.flatMap(({ initial, shape, dtype }, k) =>
  initial === undefined ? [] : [[k, bytesOf(encode(dtype, typeof initial === 'number' ? Array(product(shape)).fill(initial) : initial))]]);
