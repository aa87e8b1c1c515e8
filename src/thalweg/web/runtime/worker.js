/** @file What a worker does: a whole training, or a share of another worker's steps. */

import { fit } from './fit.js';
import { startRemote } from './remote.js';
import { instantiate, wasmDevice } from './wasm.js';

/** @typedef {import('./types.js').Manifest} Manifest */

const OFTEN = 50; // milliseconds between two messages, which take as long as a small model's step

/**
 * What makes helpers that work on the memory of a device.
 * @param {Manifest} manifest
 * @param {WebAssembly.Module} module
 * @param {number} count
 * @returns {import('./wasm.js').TeamMaker}
 */
const teamOf = ({ wasm: { stack, job } }, module, count) => async (memory, take) => {
  const helpers = await Promise.all(Array.from({ length: count }, async () => {
    const helper = await startRemote();
    await helper.call({ do: 'help', module, memory, stack: take(stack.bytes) + stack.bytes });
    return helper;
  }));
  return (entry) => helpers.forEach((helper, k) => helper.post({ do: 'share', entry, job: [job, k + 1, count + 1] }));
};

/**
 * The tasks of a worker, by their messages.
 * @param {import('./remote.js').Post} post
 * @returns {import('./remote.js').Post}
 */
export function workerOf(post) {
  /** @type {Awaited<ReturnType<typeof wasmDevice>>} */
  let device;
  /** @type {Manifest} */
  let manifest;
  /** @type {any} */
  let functions;
  let stopped = false, sent = 0;
  /** @type {(value?: any) => void} */
  let go = () => {};
  const states = () => manifest.states.map((_, k) => device.read(k));
  /** @type {Record<string, (message: any) => any>} */
  const tasks = {
    async start({ manifest: found, module, initial, threads }) {
      manifest = found;
      device = await wasmDevice(manifest, module, initial, threads, threads > 1 ? teamOf(manifest, module, threads - 1) : null);
    },
    async fit({ plan, waits }) {
      /** @type {[string, number, any][]} */
      let events = [];
      stopped = false;
      const history = await fit(device, manifest, plan, (event, number, logs) => {
        const now = performance.now(), due = waits || now - sent > OFTEN, ends = event === 'epochend';
        if (due || ends) events.push([event, number, logs]);
        if (due) {
          post({ events, states: ends && states() });
          [events, sent] = [[], now];
        }
        return waits && new Promise((done) => (go = done));
      }, () => stopped);
      return { history, events, states: states() };
    },
    async help({ module, memory, stack }) {
      functions = await instantiate(module, memory, stack);
    },
    stop: () => (stopped = true),
    go: () => go(),
    set: ({ values }) => values.forEach((/** @type {[number, Uint8Array]} */ [k, bytes]) => device.write(k, bytes)),
    share: ({ entry, job }) => functions[entry](...job),
  };
  return async (message) => {
    try {
      const result = await tasks[message.do](message);
      if (/start|fit|help/.test(message.do)) post({ result });
    } catch (error) {
      post({ error: /** @type {Error} */ (error).message });
    }
  };
}
