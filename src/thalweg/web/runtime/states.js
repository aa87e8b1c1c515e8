/** @file The states of a model out of the tensors of files, in whatever precision those are. */

import { bytesOf, decode, encode, fail, product } from './dtypes.js';

/** @typedef {import('./types.js').Manifest} Manifest */
/** @typedef {Record<string, import('./safetensors.js').Tensor>} Tensors */

/**
 * A tensor's elements in the dtype of a state; 8-bit ones have a scale for each place along the last axis.
 * @param {Tensors} tensors
 * @param {string} name
 * @param {string} dtype
 */
export function elements(tensors, name, dtype) {
  const tensor = tensors[name], scale = tensors[`${name}.scale`];
  if (!scale && tensor.dtype === dtype) return tensor.bytes;
  let values = decode(tensor.dtype, tensor.bytes);
  if (scale) {
    const by = /** @type {Float32Array} */ (decode(scale.dtype, scale.bytes));
    values = Float32Array.from(/** @type {Int8Array} */ (values), (value, i) => value * by[i % by.length]);
  }
  return bytesOf(encode(dtype, values));
}

/**
 * What tensors give the states, all checked.
 * @param {Manifest} manifest
 * @param {Tensors} tensors
 * @param {boolean} whole whether it must be all states, and not weights alone
 * @returns {[number, Uint8Array][]}
 */
export function statesOf({ name: model, states }, tensors, whole) {
  const strange = (/** @type {string} */ name, /** @type {string} */ why) => fail(`The file is not of model "${model}": ${why} "${name}".`);
  for (const name in tensors) {
    if (!whole && !name.endsWith('.scale') && !states.some((state) => state.name === name)) strange(name, 'the model has no');
  }
  return states.flatMap(({ name, shape, dtype, role }, k) => {
    const tensor = tensors[name];
    if (!tensor) return whole || role === 'weight' ? strange(name, 'the file has no') : [];
    if (String(tensor.shape) !== String(shape)) strange(name, `shape [${tensor.shape}] is not [${shape}], as the model has for`);
    return [[k, elements(tensors, name, dtype)]];
  });
}

/**
 * What metrics hold when an epoch begins.
 * @param {Manifest} manifest
 * @returns {import('./types.js').Initial}
 */
export const initialStates = ({ states }) => states.flatMap(({ initial, shape, dtype }, k) =>
  initial === undefined ? [] : [[k, bytesOf(encode(dtype, typeof initial === 'number' ? Array(product(shape)).fill(initial) : initial))]]);
