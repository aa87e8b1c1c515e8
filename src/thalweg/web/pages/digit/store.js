/** @file The corrections that a visitor made, kept in the browser from visit to visit. */

/**
 * @typedef {object} Correction
 * @property {number} digit what the visitor says it is
 * @property {number} guess what the network took it for
 * @property {Uint8Array} image as the network sees it
 */

const KEY = 'thalweg-digit-corrections';
const MOST = 200;

/** @param {Uint8Array} bytes */
const toText = (bytes) => btoa(String.fromCharCode(...bytes));
/** @param {string} text */
const toBytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** @returns {Correction[]} */
export function readCorrections() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '[]').map((/** @type {any} */ row) => ({ ...row, image: toBytes(row.image) }));
  } catch {
    return []; // a browser that keeps nothing, or what another program wrote there
  }
}

/** Keep the corrections; of very many the latest. @param {Correction[]} corrections */
export function writeCorrections(corrections) {
  const rows = corrections.slice(-MOST).map((row) => ({ ...row, image: toText(row.image) }));
  try {
    localStorage.setItem(KEY, JSON.stringify(rows));
  } catch {
    // They are kept until the page is closed.
  }
}
