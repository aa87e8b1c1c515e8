/** @file What program.json says, checked, and questions that it answers. */

import { fail, product } from './dtypes.js';

/** @typedef {import('./types.js').Manifest} Manifest */
/** @typedef {import('./types.js').Program} Program */

const VERSION = 1;

/** @param {Uint8Array} bytes @returns {any} */
export const parse = (bytes) => JSON.parse(new TextDecoder().decode(bytes));

/**
 * @param {Uint8Array} contents of program.json
 * @returns {Manifest}
 */
export function parseManifest(contents) {
  /** @type {any} */
  let found;
  try {
    found = parse(contents);
  } catch {}
  if (found?.format + found?.version !== `thalweg-web${VERSION}`) fail('program.json is damaged, or of an export with another thalweg.js.');
  return found;
}

/** @param {readonly [number, number]} dim @param {number} n */
export const at = (dim, n) => dim[0] * n + dim[1];

/** How many elements. @param {{shape: [number, number][]}} port @param {number} n */
export const sizeOf = ({ shape }, n) => product(shape.map((dim) => at(dim, n)));

/** @param {Manifest} manifest @param {string} name @returns {Program} */
export const programOf = ({ programs }, name) =>
  programs[name] ?? fail(`The export cannot ${name}, only ${Object.keys(programs).join(', ')}.`);

/**
 * The number of the state with a name, or the only one whose name ends in it.
 * @param {Manifest} manifest
 * @param {string} name
 */
export function stateOf({ states }, name) {
  const names = states.map((state) => state.name), found = names.includes(name) ? [name] : names.filter((full) => full.endsWith(`/${name}`));
  if (found.length !== 1) fail(`There ${found.length ? 'are several states' : 'is no state'} "${name}" among ${(found.length ? found : names).slice(0, 9).join(', ')}.`);
  return names.indexOf(found[0]);
}

/**
 * The batch size to take, checked.
 * @param {Program} program
 * @param {number} rows
 * @param {number} [size] what is wished for
 */
export function batchOf({ capacity, flexible }, rows, size = capacity) {
  if (!(size > 0 && size <= capacity && size % 1 === 0) || (!flexible && (size !== capacity || rows % size))) {
    fail(`The export takes batches of ${flexible ? '1 to' : 'just'} ${capacity} samples, got ${size}: export it with another batch_size.`);
  }
  return size;
}
