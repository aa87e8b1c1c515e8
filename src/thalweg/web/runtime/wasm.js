/** @file The WebAssembly device: a module, its memory, and runs of its programs on this thread. */

import { bytesIn, bytesOf, decode, fail } from './dtypes.js';
import { sizeOf } from './manifest.js';

/** @typedef {import('./types.js').Port} Port */
/** @typedef {(memory: WebAssembly.Memory, take: (size: number) => number) => Promise<(entry: string) => void>} TeamMaker starts
 *   other workers on the same memory; what it gives has them all enter a function */

/**
 * Which of the two modules this engine can run.
 * @returns {'simd' | 'relaxed'}
 */
export const wasmFlavor = () => (WebAssembly.validate( // a function with a relaxed swizzle
  Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 0, 253, 15, 65, 0, 253, 15, 253, 128, 2, 11)) ? 'relaxed' : 'simd');

/** @param {import('./api.js').Bytes} bytes */
export const compiled = (bytes) => WebAssembly.compile(bytes).catch(() => fail('WebAssembly SIMD is missing: Chrome 91, Firefox 89, Safari 16.4 have it.'));

/**
 * A module's bytes with its memory import made a shared one.
 * @param {import('./api.js').Bytes} bytes
 */
export function withSharedMemory(bytes) {
  const found = bytes.slice(), text = new TextDecoder('latin1').decode(found);
  found[text.indexOf('\x03env\x06memory\x02') + 12] = 3; // the flags behind the kind of the import
  return found;
}

/**
 * @param {WebAssembly.Module} module
 * @param {WebAssembly.Memory} memory
 * @param {number} stackTop
 * @returns {Promise<any>} its functions
 */
export const instantiate = async (module, memory, stackTop) =>
  (await WebAssembly.instantiate(module, { env: { memory, __stack_pointer: new WebAssembly.Global({ value: 'i32', mutable: true }, stackTop) } })).exports;

const PAGE = 65536;
// Pages of shared memory must be reserved beforehand: 1 GiB.
const MOST_SHARED = 16384;

/**
 * @param {import('./types.js').Manifest} manifest
 * @param {WebAssembly.Module} module
 * @param {import('./types.js').Values} initial
 * @param {number} [workers] that train together
 * @param {TeamMaker | null} [teamOf] if there are several
 */
export async function wasmDevice({ wasm, states, programs }, module, initial, workers = 1, teamOf) {
  const shared = workers > 1, memory = new WebAssembly.Memory({ initial: wasm.pages, maximum: shared ? MOST_SHARED : PAGE, shared });
  let top = wasm.heap, bytes = new Uint8Array(memory.buffer);
  let look = () => {}; // called when memory has grown, so that old views are void

  /** Room on the heap. @param {number} size */
  const take = (size) => {
    const place = top;
    top = Math.ceil((place + size) / 64) * 64;
    if (top + 64 > bytes.length) { // kernels may read a little beyond the last buffer
      try {
        memory.grow(Math.ceil((top + 64 - bytes.length) / PAGE));
      } catch {
        fail(`WebAssembly has no ${top >> 20} MB for these data.`);
      }
      bytes = new Uint8Array(memory.buffer);
      look();
    }
    return place;
  };
  const put = (/** @type {ArrayBufferView} */ array) => {
    const place = take(array.byteLength);
    bytes.set(bytesOf(array), place);
    return place;
  };
  /** @param {number} place @param {number} count */
  const pointers = (place, count) => new Uint32Array(memory.buffer, place, count);
  /** Numbers as 64-bit words. @param {ArrayLike<number>} numbers @param {number} [place] */
  const words = (numbers, place = take(8 * numbers.length)) => {
    const view = pointers(place, 2 * numbers.length).fill(0);
    for (let i = 0; i < numbers.length; i++) view[2 * i] = numbers[i];
    return place;
  };
  /** @param {number} k */
  const state = (k) => bytes.subarray(states[k].address, states[k].address + bytesIn(states[k]));
  const bytesAt = (/** @type {Port} */ port, /** @type {number} */ n) => bytesIn({ shape: [sizeOf(port, n)], dtype: port.dtype });
  const numbers = (/** @type {Port} */ port, /** @type {number} */ n) => decode(port.dtype, bytes.subarray(port.address, port.address + bytesAt(port, n)));

  const functions = await instantiate(module, memory, wasm.stack.top), team = await teamOf?.(memory, take);
  if (team) {
    const scratch = take(wasm.scratch * workers);
    for (const { wasm: { table, tableScratch } } of Object.values(programs)) pointers(table + 4 * tableScratch, 1)[0] = scratch;
  }

  return {
    /** @param {number} k */
    read: (k) => state(k).slice(),

    /** @param {number} k @param {Uint8Array} values */
    write: (k, values) => state(k).set(values),

    /** @param {string} name @param {import('./types.js').Data} data */
    run(name, { arrays, rows }) {
      const { inputs, outputs, wasm } = programs[name];
      inputs.forEach(({ address }, k) => bytes.set(bytesOf(arrays[k]), address));
      functions[wasm.run](rows);
      return outputs.map((port) => numbers(port, rows));
    },

    /**
     * The shortest way through `predict` with one input and one output of float32, for one sample.
     * @returns {((x: ArrayLike<number>) => Float32Array | undefined) | null} nothing comes of other numbers of numbers
     */
    quick() {
      const { inputs: [input], outputs: [output, another], flexible, wasm } = programs.predict, run = functions[wasm.run];
      if (!flexible || another || input.dtype + output.dtype !== 'float32float32') return null;
      const size = sizeOf(input, 1), count = sizeOf(output, 1);
      /** @type {Float32Array} */
      let into, /** @type {Float32Array} */ from;
      look = () => {
        into = new Float32Array(memory.buffer, input.address, size);
        from = new Float32Array(memory.buffer, output.address, count);
      };
      look();
      return (x) => {
        if (x.length !== size || typeof x[0] !== 'number') return;
        into.set(x);
        run(1);
        return new Float32Array(from);
      };
    },

    /**
     * Data in memory, for many steps in a call.
     * @param {string} name
     * @param {import('./types.js').Data} data
     * @param {number} batch
     * @returns {import('./types.js').Feed}
     */
    feed(name, { arrays, rows }, batch) {
      const { inputs, outputs, wasm: { steps: entry } } = programs[name], begin = top;
      const wholes = words(arrays.map(put)), staging = words(inputs.map((port) => take(2 * Math.ceil(bytesAt(port, batch) / 64) * 64)));
      const resets = initial.flatMap(([k, values]) => [states[k].address, put(values), values.length]), resetList = words(resets);
      return {
        run(order, first, steps) {
          const before = top;
          words([wholes, staging, order ? words(order) : 0, rows, batch, first, steps, 1, first ? 0 : resets.length / 3, resetList], wasm.job + 40);
          team?.(entry);
          functions[entry](wasm.job, 0, workers);
          top = before;
          return Object.fromEntries(outputs.map((port) => [port.name, Number(numbers(port, 1)[0])]));
        },
        close() {
          top = begin;
        },
      };
    },
  };
}
