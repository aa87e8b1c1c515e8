/** @file What program.json says, checked, and questions that it answers. */

import { fail } from './dtypes.js';

/** @typedef {import('./types.js').Manifest} Manifest */
/** @typedef {import('./types.js').Program} Program */

const VERSION = 1;

/**
 * @param {Uint8Array} contents of program.json
 * @returns {Manifest}
 */
export function parseManifest(contents) {
  /** @type {any} */
  let found;
  try {
    found = JSON.parse(new TextDecoder().decode(contents));
  } catch {}
  if (found?.format !== 'thalweg-web') fail('program.json is not that of an exported folder, or is damaged.');
  if (found.version !== VERSION) fail(`program.json has version ${found.version}, and this runtime reads ${VERSION}: take the thalweg.js of the same export.`);
  return found;
}

/** @param {readonly [number, number]} dim @param {number} n */
export const at = (dim, n) => dim[0] * n + dim[1];

/** How many elements. @param {{shape: [number, number][]}} port @param {number} n */
export const sizeOf = ({ shape }, n) => shape.reduce((size, dim) => size * at(dim, n), 1);

/** @param {Manifest} manifest @param {string} name @returns {Program} */
export const programOf = ({ programs, name: model }, name) =>
  programs[name] ?? fail(`"${model}" cannot ${name}: its export has ${Object.keys(programs).join(', ')}${name === 'train' ? ', as it was not compiled with a loss and an optimizer' : ''}.`);

/**
 * The number of the state with a name, or the only one whose name ends in it.
 * @param {Manifest} manifest
 * @param {string} name
 */
export function stateOf({ states, name: model }, name) {
  const names = states.map((state) => state.name), exact = names.indexOf(name);
  if (exact >= 0) return exact;
  const found = names.filter((full) => full.endsWith(`/${name}`));
  if (found.length !== 1) fail(`"${model}" has ${found.length ? 'several states' : 'no state'} "${name}", but ${(found.length ? found : names).slice(0, 9).join(', ')}.`);
  return names.indexOf(found[0]);
}

/**
 * Refuse a batch size that a program does not take.
 * @param {Program} program
 * @param {number} n
 */
export function checkBatch({ capacity, flexible }, n) {
  if (!(n > 0 && n <= capacity && n % 1 === 0 && (flexible || n === capacity))) {
    fail(`The export takes batches of ${flexible ? '1 to' : 'just'} ${capacity} samples, got ${n}; export it with another batch_size.`);
  }
}
