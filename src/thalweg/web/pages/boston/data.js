/** @file The districts and what Python did with them, as `data.json` holds it. */

/**
 * @typedef {object} Feature
 * @property {string} name of the column, such as `RM`
 * @property {string} title in plain words
 * @property {string} unit
 * @property {string} amount so much of it, with {} for the number
 * @property {number} min of all districts
 * @property {number} max
 * @property {number} mean of the districts to learn from
 * @property {number} deviation
 * @property {boolean} log whether its slider goes in factors
 * @property {boolean} yes whether it is 0 or 1
 *
 * @typedef {{x: Float32Array, y: Float32Array}} Part districts row by row, and their prices in thousands of dollars
 * @typedef {'train' | 'validation' | 'test'} PartName
 * @typedef {{loss: number[], val_loss: number[]}} History
 *
 * @typedef {object} Data
 * @property {Feature[]} features
 * @property {Record<PartName, Part>} parts
 * @property {number} epochs that Python trained
 * @property {number} batch
 * @property {Record<string, {history: History}>} models
 */

/** @returns {Promise<Data>} */
export async function loadData() {
  const answer = await fetch('data.json');
  if (!answer.ok) throw new Error(`data.json could not be loaded (${answer.status}).`);
  const plain = await answer.json();
  for (const [name, { x, y }] of Object.entries(plain.parts)) plain.parts[name] = { x: Float32Array.from(x), y: Float32Array.from(y) };
  return plain;
}

/**
 * How far predictions are from the prices.
 * @param {ArrayLike<number>} predicted
 * @param {Float32Array} prices
 */
export function errors(predicted, prices) {
  let [squares, sizes] = [0, 0];
  for (let i = 0; i < prices.length; i++) {
    const error = predicted[i] - prices[i];
    squares += error * error;
    sizes += Math.abs(error);
  }
  return { mse: squares / prices.length, mae: sizes / prices.length };
}
