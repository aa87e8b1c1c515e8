/** @file The loops of fit, evaluate and predict over epochs and batches, the same on every device and thread. */

import { fail } from './dtypes.js';
import { drawOrder } from './threefry.js';

/** @typedef {import('./types.js').Device} Device */
/** @typedef {import('./types.js').Manifest} Manifest */
/** @typedef {import('./types.js').Program} Program */
/** @typedef {import('./types.js').Logs} Logs */
/** @typedef {import('./types.js').Data} Data */
/** @typedef {import('./types.js').TypedArray} TypedArray */
/** @typedef {{epoch: number[], history: Record<string, number[]>}} History */

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

/** @type {any} */
const { setImmediate } = globalThis;

/** Let everything else that waits on this thread have its turn. @returns {Promise<void>} */
const others = () => new Promise((done) => {
  if (setImmediate) return setImmediate(done);
  const { port1, port2 } = new MessageChannel(); // a timer would wait 4 ms
  port1.onmessage = () => (port1.close(), done());
  port2.postMessage(0);
});

/** Pauses when the time of a slice is over, and how many steps are about a slice. @param {number} slice */
function pacer(slice) {
  let size = 1, last = performance.now();
  return {
    size: () => size,
    /** @template T @param {number} steps @param {() => T | Promise<T>} work */
    async timed(steps, work) {
      const begin = performance.now(), found = await work();
      // Not more than fourfold at once: the first ones may be slow.
      size = Math.max(1, Math.min((steps * slice) / (performance.now() - begin + 0.01), 4 * size)) | 0;
      return found;
    },
    async pause(now = false) {
      if (!now && performance.now() - last < slice) return;
      await others();
      last = performance.now();
    },
  };
}

/**
 * @param {Device} device
 * @param {Manifest} manifest
 * @param {Plan} plan
 * @param {(event: string, number: number, logs?: any) => unknown} tell told of each batch and epoch; waited for
 * @param {() => boolean} stopped
 * @returns {Promise<History>}
 */
export async function fit(device, manifest, plan, tell, stopped) {
  const { data, validation, batch, epochs, shuffle, byBatch, slice } = plan, { rows } = data, seed = manifest.globalSeed;
  const steps = Math.ceil(rows / batch), feed = device.feed('train', data, batch);
  const held = validation && device.feed('evaluate', validation, plan.validationBatch);
  // Several epochs in one call, where nobody wants to hear of each, and steps do not draw from what orders are drawn from.
  const draws = shuffle && manifest.programs.train.changes?.includes(seed ?? -1);
  const most = validation || plan.byEpoch || byBatch || draws ? 1 : shuffle ? 1e6 / rows : 1e6;
  /** @type {History} */
  const found = { epoch: [], history: {} };
  const pace = pacer(slice);
  try {
    for (let epoch = plan.initialEpoch; epoch < epochs && !stopped(); ) {
      const count = Math.max(1, Math.min(pace.size() / steps, epochs - epoch, most) | 0);
      await tell('epochbegin', epoch);
      const order = shuffle ? await drawOrders(count) : null;
      /** @type {Logs[]} */
      let logs = [];
      for (let first = 0; first < steps && !(first && stopped()); ) {
        const size = byBatch ? 1 : count > 1 ? steps : Math.min(steps - first, pace.size());
        logs = await pace.timed(size * count, () => feed.run(order, first, size, count));
        first += size;
        await tell('batchend', first - 1, logs[count - 1]);
        await pace.pause();
      }
      if (held && validation && (epoch + 1) % plan.validationFreq === 0) {
        const values = await over(held, validation.rows, plan.validationBatch, slice);
        for (const name in values) logs[0][`val_${name}`] = values[name];
      }
      logs.forEach((log, i) => {
        found.epoch.push(epoch + i);
        for (const name in log) (found.history[name] ??= []).push(log[name]);
      });
      await tell('epochend', epoch, logs);
      epoch += count;
      await pace.pause(slice === Infinity);
    }
  } finally {
    feed.close();
  }
  return found;

  /** The orders of the next epochs, one after the other; the global generator moves on. @param {number} count */
  async function drawOrders(count) {
    const k = seed ?? fail('The export lacks the generator that shuffles draw from; pass shuffle: false.');
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
  let logs = [{}];
  for (let first = 0; first < total; ) {
    const size = Math.min(total - first, pace.size());
    logs = await pace.timed(size, () => feed.run(null, first, size, 1));
    first += size;
    await pace.pause();
  }
  return logs[0];
}

/**
 * Samples in batches; where a program takes batches of one size only, the last one is filled up with zeros.
 * @param {Program} program
 * @param {Data} data
 * @param {number} batch
 */
export const pieces = ({ flexible, capacity }, { arrays, rows }, batch) => {
  const most = flexible ? batch : capacity;
  return Array.from({ length: Math.ceil(rows / most) }, (_, i) => {
    const n = Math.min(most, rows - i * most), size = flexible ? n : most;
    return {
      size,
      share: n / size,
      arrays: arrays.map((array) => {
        const row = array.length / rows, part = array.subarray(i * most * row, (i * most + n) * row);
        if (n === size) return part;
        const whole = new /** @type {any} */ (array.constructor)(size * row);
        whole.set(part);
        return whole;
      }),
    };
  });
};

/**
 * The outputs of pieces as whole arrays.
 * @param {TypedArray[][]} parts
 * @param {{share: number}[]} from
 * @returns {TypedArray[]}
 */
export const joined = (parts, from) => parts[0].map((one, k) => {
  const cut = parts.map((part, i) => part[k].subarray(0, part[k].length * from[i].share));
  if (cut.length === 1) return cut[0];
  const all = new /** @type {any} */ (one.constructor)(cut.reduce((sum, { length }) => sum + length, 0));
  cut.reduce((place, part) => (all.set(part, place), place + part.length), 0);
  return all;
});

/**
 * The outputs for all samples, batch after batch.
 * @param {Device} device
 * @param {Program} program
 * @param {Data} data
 * @param {number} batch
 * @param {number} slice
 */
export async function predict(device, program, data, batch, slice) {
  const pace = pacer(slice), from = pieces(program, data, batch), parts = [];
  for (const { arrays, size } of from) {
    parts.push(await device.run('predict', arrays, size));
    await pace.pause();
  }
  return joined(parts, from);
}
