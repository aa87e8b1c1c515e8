/** @file The loops of fit, evaluate and predict over epochs and batches, the same on every device and thread. */

import { cut } from './data.js';
import { fail } from './dtypes.js';
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
 * @property {number} validationFreq
 * @property {number} epochs
 * @property {number} initialEpoch
 * @property {boolean} shuffle
 * @property {boolean} byEpoch whether somebody waits for each epoch
 * @property {boolean} byBatch whether somebody waits for each batch
 * @property {number} slice milliseconds of work between two pauses; infinite: they come after epochs
 */

/** Pauses when the time of a slice is over, and how many steps are about a slice. @param {number} slice */
function pacer(slice) {
  let size = 1, last = performance.now();
  return {
    size: () => size,
    /** @template T @param {number} steps @param {T | Promise<T>} work that began at `begin` @param {number} begin */
    async timed(steps, work, begin) {
      const found = await work;
      // Not more than fourfold at once: the first ones may be slow.
      size = Math.max(1, Math.min((steps * slice) / (performance.now() - begin + 0.01), 4 * size, 1e6)) | 0;
      return found;
    },
    /** Let everything else that waits on this thread have its turn. */
    async pause(now = false) {
      if (!now && performance.now() - last < slice) return;
      const { port1, port2 } = new MessageChannel(); // a timer would wait 4 ms
      await new Promise((done) => {
        port1.onmessage = done;
        port2.postMessage(0);
      });
      port1.close();
      last = performance.now();
    },
  };
}

/**
 * @param {Device} device
 * @param {import('./types.js').Manifest} manifest
 * @param {Plan} plan
 * @param {(event: string, number: number, logs?: any) => unknown} tell told of each batch and epoch; waited for
 * @param {() => boolean} stopped
 * @returns {Promise<import('./api.js').History>}
 */
export async function fit(device, { globalSeed, programs }, plan, tell, stopped) {
  const { data, validation, batch, epochs, shuffle, byBatch, slice } = plan, { rows } = data;
  const steps = Math.ceil(rows / batch), feed = device.feed('train', data, batch);
  const held = validation && device.feed('evaluate', validation, plan.validationBatch);
  // Several epochs in one call, where nobody wants to hear of each, and steps do not draw from what orders are drawn from.
  const most = held || plan.byEpoch || byBatch || programs.train.changes?.includes(globalSeed ?? -1) ? 1 : 1e6 / rows;
  /** @type {Record<string, number[]>} */
  const history = {}, epoch = [], pace = pacer(slice);
  try {
    for (let now = plan.initialEpoch; now < epochs && !stopped(); ) {
      const count = Math.max(1, Math.min(pace.size() / steps, epochs - now, most)) | 0;
      await tell('epochbegin', now);
      const order = shuffle ? await drawOrders(count) : null;
      /** @type {Logs[]} */
      let logs = [];
      for (let first = 0; first < steps && !(first && stopped()); ) {
        const size = byBatch ? 1 : count > 1 ? steps : Math.min(steps - first, pace.size()), begin = performance.now();
        logs = await pace.timed(size * count, feed.run(order, first, size, count), begin);
        first += size;
        await tell('batchend', first - 1, logs[count - 1]);
        await pace.pause();
      }
      if (held && validation && (now + 1) % plan.validationFreq === 0) {
        const values = await over(held, validation.rows, plan.validationBatch, slice);
        for (const name in values) logs[0][`val_${name}`] = values[name];
      }
      for (const [i, one] of logs.entries()) {
        epoch.push(now + i);
        for (const name in one) (history[name] ??= []).push(one[name]);
      }
      await tell('epochend', now, logs);
      now += count;
      await pace.pause(slice === Infinity);
    }
  } finally {
    held?.close();
    feed.close();
  }
  return { epoch, history };

  /** The orders of the next epochs, one after the other; the global generator moves on. @param {number} count */
  async function drawOrders(count) {
    const k = globalSeed ?? fail('The export cannot shuffle: pass shuffle: false.');
    const state = new Uint32Array((await device.read(k)).buffer), order = new Int32Array(rows * count);
    for (let i = 0; i < count; i++) order.set(drawOrder(state[0], state[1]++, rows), i * rows);
    device.write(k, new Uint8Array(state.buffer));
    return order;
  }
}

/**
 * The metrics over all batches.
 * @param {Device} device
 * @param {Data} data
 * @param {number} batch
 * @param {number} slice
 */
export async function evaluate(device, data, batch, slice) {
  const feed = device.feed('evaluate', data, batch);
  try {
    return await over(feed, data.rows, batch, slice);
  } finally {
    feed.close();
  }
}

/**
 * @param {import('./types.js').Feed} feed
 * @param {number} rows
 * @param {number} batch
 * @param {number} slice
 */
async function over(feed, rows, batch, slice) {
  const total = Math.ceil(rows / batch), pace = pacer(slice);
  /** @type {Logs[]} */
  let logs = [];
  for (let first = 0; first < total; ) {
    const size = Math.min(total - first, pace.size()), begin = performance.now();
    logs = await pace.timed(size, feed.run(null, first, size, 1), begin);
    first += size;
    await pace.pause();
  }
  return logs[0];
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
  const pace = pacer(slice);
  let step = steps.next();
  while (!step.done) {
    step = steps.next(await step.value);
    await pace.pause();
  }
  return step.value;
}
