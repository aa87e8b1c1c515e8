/** @file How the network learns from a correction without forgetting the rest. */

import { SIDE } from './strokes.js';

const SIZE = SIDE * SIDE;
const REMEMBERED = 300, BATCH = 32;
// Smaller than what Python began with, for a network that knows nearly all.
const LEARNING_RATE = 5e-4;
// Sure enough; and a limit for drawings that the network cannot make sense of.
const SURE = 0.6, MOST_EPOCHS = 20;
// The correction is learned as it is, and moved by a pixel to either side, up and down.
const SHIFTS = [0, -1, 1, -SIDE, SIDE];

/** @typedef {{x: Uint8Array, y: Uint8Array}} Examples */
/** @typedef {import('./store.js').Correction} Correction */

/**
 * Images with 16 levels of grey, two pixels in a byte, and then a byte for each label.
 * @param {Uint8Array} bytes
 * @returns {{remembered: Examples, exam: Examples}} those that are rehearsed, and those that never are
 */
export function parseExamples(bytes) {
  const count = bytes.length / (SIZE / 2 + 1), pixels = new Uint8Array(count * SIZE), labels = bytes.subarray((count * SIZE) / 2);
  for (let i = 0; i < pixels.length; i++) pixels[i] = 17 * (i % 2 ? bytes[i >> 1] & 15 : bytes[i >> 1] >> 4);
  const part = (/** @type {number} */ from, /** @type {number} */ to) => ({ x: pixels.subarray(from * SIZE, to * SIZE), y: labels.subarray(from, to) });
  return { remembered: part(0, REMEMBERED), exam: part(REMEMBERED, count) };
}

/**
 * What is learned after a correction: it, moved about a little; the earlier ones; and examples of
 * all digits from Python, so that these are not forgotten.
 * @param {Correction[]} corrections the latest last
 * @param {Examples} remembered
 */
function lesson(corrections, remembered) {
  const latest = corrections[corrections.length - 1];
  const rows = REMEMBERED + corrections.length - 1 + SHIFTS.length;
  const x = new Float32Array(rows * SIZE), y = new Int32Array(rows);
  x.set(remembered.x);
  y.set(remembered.y);
  let row = REMEMBERED;
  for (const { image, digit } of corrections.slice(0, -1)) {
    x.set(image, row * SIZE);
    y[row++] = digit;
  }
  // There is room at every edge, so that nothing wraps around.
  for (const shift of SHIFTS) {
    latest.image.forEach((value, at) => {
      if (value) x[row * SIZE + at + shift] = value;
    });
    y[row++] = latest.digit;
  }
  return { x, y };
}

/**
 * Train until the drawing is read as the visitor says.
 * @param {any} model
 * @param {Correction[]} corrections the latest last
 * @param {Examples} remembered
 * @param {(probabilities: Float32Array) => void} show after each epoch
 * @returns {Promise<{steps: number, milliseconds: number}>}
 */
export async function learn(model, corrections, remembered, show) {
  const { digit, image } = corrections[corrections.length - 1], { x, y } = lesson(corrections, remembered);
  model.setState('learning_rate', LEARNING_RATE);
  const begin = performance.now();
  const { epoch } = await model.fit(x, y, {
    batchSize: BATCH,
    epochs: MOST_EPOCHS,
    onEpochEnd() {
      const probabilities = model.predictSync(image);
      show(probabilities);
      if (probabilities[digit] >= SURE) model.stop();
    },
  });
  const steps = epoch.length * Math.ceil(y.length / BATCH);
  return { steps, milliseconds: performance.now() - begin };
}
