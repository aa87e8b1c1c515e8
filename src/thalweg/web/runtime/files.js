/** @file Reading an exported folder: over HTTP, from disk in Node, or from files that a user chose. */

import { fail } from './dtypes.js';

/** @typedef {import('./api.js').Bytes} Bytes */

/** @type {any} */
const { process, location } = globalThis;
export const inNode = process?.versions?.node;
export const disk = () => import('node:fs/promises');

/**
 * A folder as a function that reads a file of it.
 * @param {import('./api.js').Source} source
 * @returns {(name: string) => Promise<Bytes>}
 */
export function openFolder(source) {
  if (typeof source === 'object' && !(source instanceof URL)) {
    const files = [...source];
    return async (name) => new Uint8Array(await (files.find((file) => file.name === name) ?? fail(`The file ${name} is missing.`)).arrayBuffer());
  }
  const base = String(source).replace(/[^/]$/, '$&/'), local = inNode && !/^(http|data|blob)/.test(base);
  return async (name) => {
    const url = local && !base.startsWith('file:') ? base + name : new URL(name, new URL(base, location?.href));
    try {
      if (local) return new Uint8Array(await (await disk()).readFile(url));
      const response = await fetch(url);
      return response.ok ? new Uint8Array(await response.arrayBuffer()) : fail(`the server answers ${response.status}`);
    } catch (error) {
      return fail(`The file ${url} cannot be read: ${/** @type {Error} */ (error).message}.`);
    }
  };
}

/**
 * Refuse contents that are not those that were exported.
 * @param {string} name
 * @param {Bytes} contents
 * @param {string} expected SHA-256
 */
export async function check(name, contents, expected) {
  if (!globalThis.crypto?.subtle) return; // browsers have it on HTTPS and localhost only
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', contents)).reduce((text, byte) => text + (byte + 256).toString(16).slice(1), '');
  if (hash !== expected) fail(`The file ${name} is damaged, or of another export.`);
}
