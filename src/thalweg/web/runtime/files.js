/** @file Reading an exported folder: over HTTP, from disk in Node, or from files that a user chose. */

import { fail } from './dtypes.js';

/** @typedef {import('./dtypes.js').Bytes} Bytes */
/** @typedef {string | URL | Iterable<File>} Source */

/** @type {any} */
const { process, location } = globalThis;
export const inNode = Boolean(process?.versions?.node);

/**
 * A folder as a function that reads a file of it.
 * @param {Source} source
 * @returns {Promise<(name: string, progress?: (bytes: number) => void) => Promise<Bytes>>}
 */
export async function openFolder(source) {
  if (typeof source === 'object' && !(source instanceof URL)) {
    const files = [...source];
    return async (name) => new Uint8Array(await (files.find((file) => file.name === name) ?? fail(`The file ${name} is missing.`)).arrayBuffer());
  }
  const base = String(source).replace(/[^/]$/, '$&/');
  if (inNode && !/^(https?|data|blob):/.test(base)) {
    const { readFile } = await import('node:fs/promises');
    return (name) => {
      const path = base + name;
      return readFile(path.startsWith('file:') ? new URL(path) : path).then(
        (/** @type {Buffer} */ bytes) => new Uint8Array(bytes),
        (/** @type {Error} */ error) => fail(`The file ${path} cannot be read: ${error.message}.`),
      );
    };
  }
  return async (name, progress) => {
    const url = new URL(name, new URL(base, location?.href));
    const response = await fetch(url).catch((error) => fail(`The file ${url} cannot be fetched: ${error.message}.`));
    if (!response.ok) fail(`The file ${url} cannot be fetched: the server answers ${response.status}.`);
    if (!progress || !response.body) return new Uint8Array(await response.arrayBuffer());
    const parts = [], reader = response.body.getReader();
    for (let part; !(part = await reader.read()).done; parts.push(part.value)) progress(part.value.length);
    return new Uint8Array(await new Blob(parts).arrayBuffer());
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
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', contents));
  if (Array.from(hash, (byte) => (byte + 256).toString(16).slice(1)).join('') !== expected) {
    fail(`The file ${name} is damaged or of another export: its checksum is not that in program.json.`);
  }
}
