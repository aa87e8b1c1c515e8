/** @file Where a trained model is kept: IndexedDB, Cache storage, a downloaded file, a file on disk. */

import { fail } from './dtypes.js';
import { disk } from './files.js';

/** @typedef {import('./api.js').Bytes} Bytes */

const NAME = 'thalweg';

/** @param {(store: IDBObjectStore) => IDBRequest} work @returns {Promise<any>} its result, once it is safely stored */
const inDatabase = (work) => new Promise((done, failed) => {
  const opening = indexedDB.open(NAME);
  opening.onupgradeneeded = () => opening.result.createObjectStore(NAME);
  opening.onerror = () => failed(opening.error);
  opening.onsuccess = () => {
    const database = opening.result, transaction = database.transaction(NAME, 'readwrite'), request = work(transaction.objectStore(NAME));
    transaction.oncomplete = () => done(request.result);
    transaction.onabort = () => failed(transaction.error);
    database.close(); // when the transaction is over
  };
});

/**
 * Keep bytes at a place `kind://name`, or give those that are kept there.
 * @param {string} place
 * @param {Bytes} [bytes]
 * @returns {Promise<Bytes | undefined>} nothing where there are none
 */
export async function keep(place, bytes) {
  const [kind, name] = place.split(/:\/\/(.*)/s);
  if (kind === 'indexeddb') return inDatabase((store) => (bytes ? store.put(bytes, name) : store.get(name)));
  if (kind === 'cache') {
    const cache = await caches.open(NAME), key = `/${NAME}/${encodeURIComponent(name)}`;
    if (bytes) return /** @type {any} */ (cache.put(key, new Response(bytes)));
    return (await cache.match(key))?.arrayBuffer().then((buffer) => new Uint8Array(buffer));
  }
  if (kind === 'file') {
    const { access, readFile, rename, writeFile } = await disk(), part = `${name}.partial`;
    if (!bytes) return access(name).then(async () => new Uint8Array(await readFile(name)), () => undefined);
    await writeFile(part, bytes);
    return rename(part, name); // so that there is never half a file
  }
  if (kind !== 'download' || !bytes) fail(`A place is indexeddb://name, cache://name, file://path or, to save only, download://name, got ${place}.`);
  const href = URL.createObjectURL(new Blob([bytes]));
  Object.assign(document.createElement('a'), { href, download: `${name}.safetensors` }).click();
  setTimeout(() => URL.revokeObjectURL(href), 1e4);
  return undefined;
}
