/** @file Where a trained model is kept: IndexedDB, Cache storage, a downloaded file, a file on disk. */

import { fail } from './dtypes.js';

/** @typedef {import('./dtypes.js').Bytes} Bytes */

const NAME = 'thalweg';

/** @param {(store: IDBObjectStore) => IDBRequest} work @returns {Promise<any>} its result, once it is safely stored */
const inDatabase = (work) => new Promise((done, failed) => {
  const opening = indexedDB.open(NAME, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(NAME);
  opening.onerror = () => failed(opening.error);
  opening.onsuccess = () => {
    const database = opening.result, transaction = database.transaction(NAME, 'readwrite'), request = work(transaction.objectStore(NAME));
    transaction.oncomplete = () => (database.close(), done(request.result));
    transaction.onabort = () => (database.close(), failed(transaction.error));
  };
});

const cached = async (/** @type {string} */ name) => /** @type {[Cache, string]} */ ([await caches.open(NAME), `/${NAME}/${encodeURIComponent(name)}`]);

/**
 * Keep bytes at a place `kind://name`, or give those that are kept there.
 * @param {string} place
 * @param {Bytes} [bytes]
 * @returns {Promise<Bytes | undefined>} nothing where there are none
 */
export async function keep(place, bytes) {
  const [, kind, name] = /^(\w+):\/\/(.+)$/s.exec(place) ?? [];
  if (kind === 'indexeddb') return inDatabase((store) => (bytes ? store.put(bytes, name) : store.get(name)));
  if (kind === 'cache') {
    const [cache, key] = await cached(name);
    if (bytes) return /** @type {any} */ (cache.put(key, new Response(bytes)));
    const response = await cache.match(key);
    return response && new Uint8Array(await response.arrayBuffer());
  }
  if (kind === 'file') {
    const { readFile, rename, writeFile } = await import('node:fs/promises');
    if (!bytes) return readFile(name).then((/** @type {Uint8Array} */ file) => new Uint8Array(file), (/** @type {any} */ error) => { if (error.code !== 'ENOENT') throw error; });
    await writeFile(`${name}.partial`, bytes);
    return rename(`${name}.partial`, name); // so that there is never half a file
  }
  if (kind !== 'download') fail(`A place is indexeddb://name, cache://name, download://name or, in Node, file://path, got '${place}'.`);
  if (!bytes) fail('A page cannot read downloads: give restore() the file that the visitor chooses.');
  const href = URL.createObjectURL(new Blob([bytes]));
  Object.assign(document.createElement('a'), { href, download: name.replace(/^[^.]+$/, '$&.safetensors') }).click();
  setTimeout(() => URL.revokeObjectURL(href), 1e4);
  return undefined;
}
