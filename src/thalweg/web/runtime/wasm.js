/** @file The WebAssembly device: a module, its memory, and runs of its programs on this thread. */

import { bytesIn, bytesOf, decode, fail } from './dtypes.js';
import { sizeOf } from './manifest.js';

/** @typedef {import('./types.js').Manifest} Manifest */
/** @typedef {import('./types.js').Port} Port */
/** @typedef {import('./dtypes.js').TypedArray} TypedArray */
/** @typedef {{count: number, run: (entry: string) => void, close: () => void}} Team other workers on the same memory */
/** @typedef {(memory: WebAssembly.Memory, take: (size: number) => number) => Promise<Team>} TeamMaker */

/**
 * Which of the two modules this engine can run.
 * @returns {'simd' | 'relaxed'}
 */
export function wasmFlavor() {
  // Modules of one function that computes with 128-bit vectors, plain and relaxed ones.
  const can = (/** @type {number[]} */ ...code) => globalThis.WebAssembly?.validate(
    Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, code.length + 4, 1, code.length + 2, 0, ...code, 11));
  if (can(65, 0, 253, 15, 65, 0, 253, 15, 253, 128, 2)) return 'relaxed';
  return can(65, 0, 253, 15, 253, 98) ? 'simd' : fail('This browser has no WebAssembly SIMD, which the model needs; Chrome 91, Firefox 89, Safari 16.4 and later ones have it.');
}

/**
 * A module's bytes with its memory import made a shared one.
 * @param {import('./dtypes.js').Bytes} bytes
 */
export function withSharedMemory(bytes) {
  const found = bytes.slice(), name = [3, 101, 110, 118, 6, 109, 101, 109, 111, 114, 121, 2]; // env.memory, a memory
  found[found.findIndex((_, i) => name.every((byte, k) => found[i + k] === byte)) + name.length] = 3;
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
 * @param {Manifest} manifest
 * @param {WebAssembly.Module} module
 * @param {import('./types.js').Initial} initial
 * @param {TeamMaker | null} [teamOf] for memory that is shared with other workers
 */
export async function wasmDevice({ wasm, states, programs }, module, initial, teamOf) {
  const shared = Boolean(teamOf), memory = new WebAssembly.Memory({ initial: wasm.pages, maximum: shared ? MOST_SHARED : PAGE, shared });
  let top = wasm.heap, bytes = new Uint8Array(/** @type {ArrayBuffer} */ (memory.buffer));
  /** @type {(() => void)[]} called when memory has grown, so that old views are void */
  const watchers = [];

  /** Room on the heap. @param {number} size */
  const take = (size) => {
    const place = top;
    top = Math.ceil((place + size) / 64) * 64;
    if (top > bytes.length) {
      try {
        memory.grow(Math.ceil((top - bytes.length) / PAGE));
      } catch {
        fail(`WebAssembly cannot have the ${top >> 20} MB of memory that these data need.`);
      }
      bytes = new Uint8Array(/** @type {ArrayBuffer} */ (memory.buffer));
      watchers.forEach((watcher) => watcher());
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
    const view = pointers(place, 2 * numbers.length);
    for (let i = 0; i < numbers.length; i++) {
      view[2 * i] = numbers[i];
      view[2 * i + 1] = 0;
    }
    return place;
  };
  /** @param {number} k */
  const state = (k) => bytes.subarray(states[k].address, states[k].address + bytesIn(states[k]));
  const bytesAt = (/** @type {Port} */ port, /** @type {number} */ n) => bytesIn({ shape: [sizeOf(port, n)], dtype: port.dtype });

  const functions = await instantiate(module, memory, wasm.stack.top), team = teamOf && (await teamOf(memory, take));
  const workers = (team?.count ?? 0) + 1;
  if (team) {
    const scratch = take(wasm.scratch * workers);
    for (const name in programs) pointers(programs[name].wasm.table, programs[name].wasm.tableScratch + 1).fill(scratch, -1);
  }

  return {
    kind: /** @type {'wasm'} */ ('wasm'),

    /** @param {number} k */
    read: (k) => state(k).slice(),

    /** @param {number} k @param {Uint8Array} values */
    write: (k, values) => state(k).set(values),

    /**
     * @param {string} name
     * @param {TypedArray[]} arrays
     * @param {number} n
     */
    run(name, arrays, n) {
      const { inputs, outputs, wasm } = programs[name];
      inputs.forEach(({ address }, k) => bytes.set(bytesOf(arrays[k]), address));
      functions[wasm.run](n);
      return outputs.map((port) => decode(port.dtype, bytes.subarray(port.address, port.address + bytesAt(port, n))));
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
      const look = () => {
        into = new Float32Array(memory.buffer, input.address, size);
        from = new Float32Array(memory.buffer, output.address, count);
      };
      look();
      watchers.push(look);
      return (x) => {
        if (x.length !== size || typeof x[0] !== 'number') return;
        into.set(x);
        run(1);
        if (count > 16) return from.slice();
        const found = new Float32Array(count); // a loop is faster than a call for so few
        for (let i = 0; i < count; i++) found[i] = from[i];
        return found;
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
      const { inputs, outputs, wasm: { table, tableOutputs, steps: entry } } = programs[name], begin = top;
      const wholes = words(arrays.map(put));
      const staging = words(inputs.map((port) => take(2 * Math.ceil(bytesAt(port, batch) / 64) * 64)));
      const resets = initial.flatMap(([k, values]) => [states[k].address, put(values), values.length]), resetList = words(resets);
      const sizes = outputs.map((port) => bytesAt(port, batch));
      return {
        run(order, first, steps, epochs) {
          const before = top, columns = sizes.map((size) => take(size * epochs));
          words([wholes, staging, order ? words(order) : 0, rows, batch, first, steps, epochs, first ? 0 : resets.length / 3, resetList], wasm.job + 40);
          const slots = pointers(table + 4 * tableOutputs, outputs.length);
          slots.set(columns);
          team?.run(entry);
          functions[entry](wasm.job, 0, workers);
          slots.set(outputs.map((port) => port.address));
          const found = outputs.map(({ dtype }, k) => decode(dtype, bytes.subarray(columns[k], columns[k] + sizes[k] * epochs)));
          top = before;
          return Array.from({ length: epochs }, (_, e) => Object.fromEntries(outputs.map(({ name }, k) => [name, Number(found[k][e])])));
        },
        close() {
          top = Math.min(top, begin);
        },
      };
    },

    close: () => team?.close(),
  };
}
