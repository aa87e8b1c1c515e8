/** How both libraries are timed: the median over blocks of calls, each long enough for the clock. */

/**
 * @param {() => unknown} call may give a promise, which is awaited
 * @param {number} seconds how long to measure, at least
 * @returns {Promise<number>} microseconds a call
 */
export async function microseconds(call, seconds = 1) {
  let once = await block(call, 1); // the first call makes things ready
  for (let i = 0; i < 3 && once < 2e3; i++) once = await block(call, 1);
  const calls = Math.ceil(20 / Math.max(once, 1e-3)), blocks = [];
  const end = performance.now() + seconds * 1e3;
  do blocks.push((await block(call, calls)) / calls); while (performance.now() < end);
  blocks.sort((a, b) => a - b);
  return 1e3 * blocks[blocks.length >> 1];
}

/**
 * Microseconds of the first calls: the mean of a hundred after ten, when little is compiled by the browser yet.
 *
 * @param {() => unknown} call
 */
export async function early(call) {
  await block(call, 10);
  return 10 * (await block(call, 100));
}

/** Milliseconds for so many calls. */
async function block(call, calls) {
  const begin = performance.now();
  for (let i = 0; i < calls; i++) {
    const found = call();
    // A call that answers at once is not made to wait: that is how it is used.
    if (found instanceof Promise) await found;
  }
  return performance.now() - begin;
}

/** Uniform numbers in [-1, 1). */
export const random = (length) => Float32Array.from({ length }, () => 2 * Math.random() - 1);

/** Rows of zeros with a one in each. */
export function oneHot(rows, classes) {
  const found = new Float32Array(rows * classes);
  for (let i = 0; i < rows; i++) found[i * classes + Math.floor(Math.random() * classes)] = 1;
  return found;
}

export const WORKLOADS = {
  boston: { shape: [13], outputs: 1, rows: 400, batch: 40, epochs: 10 },
  mlp: { shape: [784], outputs: 10, rows: 1280, batch: 128, epochs: 1 },
  cnn: { shape: [28, 28, 1], outputs: 10, rows: 256, batch: 128, epochs: 1 },
};

export const targets = ({ rows, outputs }) => (outputs > 1 ? oneHot(rows, outputs) : random(rows));
