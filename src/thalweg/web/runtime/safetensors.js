/** @file safetensors: named tensors in one file; 8 bytes of length, a JSON header, then the data. */

import { fail } from './dtypes.js';

/** @typedef {import('./api.js').Bytes} Bytes */
/** @typedef {{dtype: string, shape: number[], bytes: Uint8Array}} Tensor */

/** @type {Record<string, string>} */
const WORDS = { F: 'float', BF: 'bfloat', I: 'int', U: 'uint', BOOL: 'bool' };

/**
 * @param {(Tensor & {name: string})[]} tensors
 * @param {Record<string, string>} metadata
 * @returns {Bytes}
 */
export function writeSafetensors(tensors, metadata) {
  /** @type {Record<string, any>} */
  const header = { __metadata__: metadata };
  let end = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    const code = dtype.replace(/^\D+/, (word) => Object.keys(WORDS).find((key) => WORDS[key] === word) ?? '');
    header[name] = { dtype: code, shape, data_offsets: [end, (end += bytes.length)] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header)), begin = 8 + Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(begin + end).fill(32, 8, begin);
  new DataView(file.buffer).setUint32(0, begin - 8, true);
  file.set(text, 8);
  for (const { name, bytes } of tensors) file.set(bytes, begin + header[name].data_offsets[0]);
  return file;
}

/**
 * @param {Uint8Array} file
 * @returns {Record<string, Tensor>}
 */
export function readSafetensors(file) {
  /** @type {Record<string, Tensor>} */
  const tensors = {};
  try {
    const begin = 8 + new DataView(file.buffer, file.byteOffset).getUint32(0, true);
    const { __metadata__, ...header } = JSON.parse(new TextDecoder().decode(file.subarray(8, begin)));
    for (const name in header) {
      const { dtype, shape, data_offsets: [from, to] } = header[name];
      if (begin + to > file.length) throw 0;
      tensors[name] = { dtype: dtype.replace(/^\D+/, (/** @type {string} */ code) => WORDS[code]), shape, bytes: file.subarray(begin + from, begin + to) };
    }
  } catch {
    fail('The weights are damaged, or no safetensors file.');
  }
  return tensors;
}
