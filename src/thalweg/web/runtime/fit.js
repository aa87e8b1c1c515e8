/** @file The loops of fit, evaluate and predict over epochs and batches, the same on every device and thread. */

import { cut } from './data.js';
import { bytesOf, fail } from './dtypes.js';
import { drawOrder } from './threefry.js';

/** @typedef {import('./types.js').Device} Device */
/** @typedef {import('./types.js').Data} Data */
/** @typedef {import('./api.js').Logs} Logs */

/**
 * @typedef {object} Plan what fit is to do; it can be sent to a worker
 * @property {Data} data
 * @property {Data | null} validation
 * @property {number} batch
 * @property {number} validationBatch
 * @property {number} first epoch
 * @property {number} last epoch
 * @property {boolean} shuffle
 * @property {number} slice milliseconds of work between two pauses; 0: they come after each batch; infinite: after epochs
 */

/** Lets everything else that waits on this thread have its turn, when the time of a slice is over. @param {number} slice */
function pacer(slice) {
  let last = performance.now();
  return async (now = false) => {
    if (!now && performance.now() - last < slice) return;
    const { port1, port2 } = new MessageChannel(); // a timer would wait 4 ms
    await new Promise((done) => {
      port1.onmessage = done;
      port2.postMessage(0);
    });
    port1.close();
    last = performance.now();
  };
}

/**
 * Every step of an epoch, in groups that take about a slice.
 * @param {Device} device
 * @param {string} name of the program
 * @param {Data} data
 * @param {number} batch
 * @param {number} slice
 * @returns what does it; it can be done again
 */
function epochs(device, name, data, batch, slice) {
  const steps = Math.ceil(data.rows / batch), feed = device.feed(name, data, batch), pause = pacer(slice);
  let size = 1;
  return {
    pause,
    close: feed.close,
    /**
     * @param {ArrayLike<number> | null} order of the rows; null: as they come
     * @param {(batch: number, logs: Logs) => unknown} [done] told of each group
     * @param {() => boolean} [stopped]
     */
    async run(order, done, stopped) {
      /** @type {Logs} */
      let logs = {};
      for (let first = 0; first < steps && !(first && stopped?.()); ) {
        const count = Math.min(steps - first, size), begin = performance.now();
        logs = await feed.run(order, first, count);
        // Not more than fourfold at once: the first ones may be slow.
        size = Math.max(1, Math.min((count * slice) / (performance.now() - begin + 0.01), 4 * count)) | 0;
        first += count;
        await done?.(first - 1, logs);
        await pause();
      }
      return logs;
    },
  };
}

/**
 * @param {Device} device
 * @param {import('./types.js').Manifest} manifest
 * @param {Plan} plan
 * @param {(event: string, number: number, logs?: any) => unknown} tell told of each epoch and group of batches; waited for
 * @param {() => boolean} stopped
 * @returns {Promise<import('./api.js').History>}
 */
export async function fit(device, { globalSeed }, { data, validation, batch, validationBatch, last, first, shuffle, slice }, tell, stopped) {
  const training = epochs(device, 'train', data, batch, slice);
  const validating = validation && epochs(device, 'evaluate', validation, validationBatch, slice);
  /** @type {Record<string, number[]>} */
  const history = {}, epoch = [];
  try {
    for (let now = first; now < last && !stopped(); now++) {
      await tell('epochbegin', now);
      let order = null;
      if (shuffle) {
        const k = globalSeed ?? fail('The export cannot shuffle: pass shuffle: false.');
        const [seed, count] = new Uint32Array((await device.read(k)).buffer);
        device.write(k, bytesOf(Uint32Array.of(seed, count + 1))); // the global generator moves on
        order = drawOrder(seed, count, data.rows);
      }
      const logs = await training.run(order, (number, logs) => tell('batchend', number, logs), stopped);
      if (validating) {
        const values = await validating.run(null);
        for (const name in values) logs[`val_${name}`] = values[name];
      }
      epoch.push(now);
      for (const name in logs) (history[name] ??= []).push(logs[name]);
      await tell('epochend', now, logs);
      await training.pause(slice === Infinity);
    }
  } finally {
    validating?.close();
    training.close();
  }
  return { epoch, history };
}

/**
 * The metrics over all batches.
 * @param {Device} device
 * @param {Data} data
 * @param {number} batch
 * @param {number} slice
 */
export function evaluate(device, data, batch, slice) {
  const evaluating = epochs(device, 'evaluate', data, batch, slice);
  return evaluating.run(null).finally(evaluating.close);
}

/**
 * The outputs for all samples; it hands out those of each batch, or promises of them, and wants them back.
 * @param {Device} device
 * @param {Data} data
 * @param {number} batch
 * @returns {Generator<any, any[], any[]>}
 */
export function* predictions(device, data, batch) {
  /** @type {any[]} */
  const all = [];
  for (let first = 0; first < data.rows; first += batch) {
    const piece = cut(data, first, Math.min(first + batch, data.rows)), parts = yield device.run('predict', piece);
    parts.forEach((part, k) => {
      const row = part.length / piece.rows;
      (all[k] ??= new part.constructor(row * data.rows)).set(part, row * first);
    });
  }
  return all;
}

/** @param {Generator<any, any[], any[]>} steps @param {number} slice */
export async function inTurns(steps, slice) {
  const pause = pacer(slice);
  let step = steps.next();
  while (!step.done) {
    step = steps.next(await step.value);
    await pause();
  }
  return step.value;
}
