/** @file The WebGPU device: one buffer that holds everything, pipelines, and commands for many steps in one submit. */

import { arrayOf, bytesOf, decode, fail, product } from './dtypes.js';
import { at, sizeOf } from './manifest.js';
import { elements } from './states.js';

/** @typedef {import('./types.js').Manifest} Manifest */
/** @typedef {import('./types.js').Step} Step */
/** @typedef {import('./dtypes.js').TypedArray} TypedArray */

/** Elements as the GPU keeps them, one 32-bit word each. @param {string} dtype @param {Uint8Array} bytes @returns {TypedArray} */
const toWords = (dtype, bytes) => {
  const values = decode(dtype, bytes);
  return values.BYTES_PER_ELEMENT === 4 ? values : Int32Array.from(/** @type {Int8Array} */ (values));
};

/** And back; halves stay float32. @param {string} dtype @param {Int32Array<ArrayBuffer>} words @returns {TypedArray} */
const fromWords = (dtype, words) => (dtype.includes('float') ? new Float32Array(words.buffer) : arrayOf(dtype).from(words));

// Words 256 bytes apart, of which a dispatch sees 32: the batch size, and the turns of the loops that it stands in.
const SLOT = 256, SLOTS = 1024;
const MOST_GROUPS = 65535;
const STORAGE = 128 | 4 | 8, UNIFORM = 64 | 8, STAGING = 1 | 8; // usages, with copies from and to

/**
 * @param {Manifest} manifest
 * @param {Uint8Array} shaders the contents of shaders.json
 * @param {GPUAdapter} adapter
 * @param {import('./states.js').Tensors} tensors
 * @param {import('./types.js').Initial} initial
 */
export async function gpuDevice({ programs, states, constants, webgpu }, shaders, adapter, tensors, initial) {
  const { maxStorageBufferBindingSize: most, maxBufferSize } = adapter.limits;
  const device = await adapter.requestDevice({
    requiredFeatures: /** @type {any} */ (webgpu?.features), requiredLimits: { maxStorageBufferBindingSize: most, maxBufferSize },
  });
  const { queue } = device;
  /** @param {number} size @param {number} usage */
  const buffer = (size, usage) => (size > most ? fail(`The GPU allows buffers of ${most >> 20} MB, but ${size >> 20} MB are needed.`) : device.createBuffer({ size, usage }));
  /** @param {TypedArray} values */
  const filled = (values) => {
    const made = buffer(values.byteLength, STORAGE);
    queue.writeBuffer(made, 0, values);
    return made;
  };
  const memory = buffer(4 * (webgpu?.words ?? 0), STORAGE);
  const put = (/** @type {number | undefined} */ place, /** @type {TypedArray} */ words) => queue.writeBuffer(memory, 4 * (place ?? 0), words);
  for (const { name, place, dtype } of constants) put(place, toWords(dtype, elements(tensors, name, dtype)));

  // --- kernels

  const layout = device.createBindGroupLayout({
    entries: [{ binding: 0, visibility: 4, buffer: { type: 'storage' } }, { binding: 1, visibility: 4, buffer: { hasDynamicOffset: true } }],
  });
  /** @type {{helpers: Record<string, string>, kernels: {code: string, helpers: string[], features: string[]}[]}} */
  const { helpers, kernels } = JSON.parse(new TextDecoder().decode(shaders));
  /** @param {string} code @param {GPUPipelineLayout | 'auto'} layout */
  const pipelineOf = (code, layout) => device.createComputePipelineAsync({ layout, compute: { module: device.createShaderModule({ code }) } });
  const bound = device.createPipelineLayout({ bindGroupLayouts: [layout] });
  const pipelines = await Promise.all(kernels.map(({ code, helpers: names, features }) => pipelineOf(
    [...features.map((feature) => `enable ${feature.replace('shader-', '')};`), ...names.map((name) => helpers[name]), code].join('\n'), bound)));

  /** @param {GPUBindGroupLayout} layout @param {GPUBuffer[]} buffers @param {number} [size] */
  const groupOf = (layout, buffers, size) => device.createBindGroup({
    layout, entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer, size: binding ? size : undefined } })),
  });
  /** @type {Map<string, number>} where the numbers of a block of steps lie */
  const slots = new Map();
  /** @type {GPUBuffer} */
  let uniform, /** @type {GPUBindGroup} */ group;
  /** @param {number[]} numbers */
  const slotOf = (numbers) => {
    const key = String(numbers);
    if (!slots.has(key)) {
      if (slots.size % SLOTS === 0) {
        slots.clear(); // commands that are being recorded keep the old ones
        group = groupOf(layout, [memory, (uniform = buffer(SLOT * SLOTS, UNIFORM))], 32);
      }
      slots.set(key, SLOT * slots.size);
      queue.writeBuffer(uniform, SLOT * (slots.size - 1), Uint32Array.from(numbers));
    }
    return slots.get(key) ?? 0;
  };

  // --- commands

  /** @type {GPUCommandEncoder | null} */
  let encoder = null, /** @type {GPUComputePassEncoder | null} */ pass = null;
  const outside = () => {
    pass?.end();
    pass = null;
    return (encoder ??= device.createCommandEncoder());
  };
  const inside = () => (pass ??= outside().beginComputePass());
  /** @param {number} count of workgroups */
  const launch = (count) => {
    const y = Math.ceil(count / MOST_GROUPS);
    inside().dispatchWorkgroups(Math.ceil(count / y), y);
  };
  /** Words of the memory, once all that was recorded is done. @param {GPUBuffer} from @param {[number, number][]} pieces places and counts */
  const fetched = async (from, pieces) => {
    const staging = buffer(4 * pieces.reduce((sum, [, count]) => sum + count, 0), STAGING);
    let end = 0;
    for (const [place, count] of pieces) {
      outside().copyBufferToBuffer(from, 4 * place, staging, end, 4 * count);
      end += 4 * count;
    }
    queue.submit([outside().finish()]);
    encoder = null;
    await staging.mapAsync(1).catch(() => fail('The GPU failed, or was lost; load the model again.'));
    const words = new Int32Array(staging.getMappedRange().slice(0));
    staging.destroy();
    return words;
  };
  const flag = async (/** @type {number} */ place) => (await fetched(memory, [[place, 1]]))[0];

  /** Record steps; a test of a loop or a branch must be waited for. @param {Step[]} steps @param {number} n @param {number[]} turns */
  const play = async (steps, n, turns) => {
    for (const step of steps) {
      if (Array.isArray(step)) {
        const slot = slotOf([n, ...turns]), [kernel, groups] = step;
        inside().setPipeline(pipelines[kernel]);
        inside().setBindGroup(0, group, [slot]);
        launch(product(groups.map(([scale, offset, per]) => Math.ceil((scale * n + offset) / per))));
      } else if ('turns' in step) {
        const count = at(step.turns, n);
        for (let i = 0; i < count; i++) await play(step.block, n, [...turns, step.reverse ? count - 1 - i : i]);
      } else if ('while' in step) {
        while ((await play(step.while, n, turns), await flag(step.flag))) await play(step.block, n, turns);
      } else await play((await flag(step.cond)) ? step.then : step.otherwise, n, turns);
    }
  };

  let last = Promise.resolve();
  /** One after the other. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  const alone = (work) => {
    const result = last.then(work);
    last = result.then(() => {}, () => {});
    return result;
  };

  return {
    kind: /** @type {'webgpu'} */ ('webgpu'),

    /** @param {number} k */
    read: (k) => alone(async () => bytesOf(fromWords(states[k].dtype, await fetched(memory, [[states[k].place ?? 0, product(states[k].shape)]])))),

    /** @param {number} k @param {Uint8Array} bytes */
    write: (k, bytes) => put(states[k].place, toWords(states[k].dtype, bytes)),

    /** @param {string} name @param {TypedArray[]} arrays @param {number} n */
    run: (name, arrays, n) => alone(async () => {
      const { inputs, outputs, webgpu } = programs[name];
      inputs.forEach(({ place, dtype }, k) => put(place, toWords(dtype, bytesOf(arrays[k]))));
      await play(webgpu?.steps ?? [], n, []);
      const words = await fetched(memory, outputs.map((port) => [port.place ?? 0, sizeOf(port, n)]));
      let end = 0;
      return outputs.map((port) => fromWords(port.dtype, words.slice(end, (end += sizeOf(port, n)))));
    }),

    /**
     * Data that stay on the GPU, where their rows are gathered.
     * @param {string} name
     * @param {import('./types.js').Data} data
     * @param {number} batch
     * @returns {import('./types.js').Feed}
     */
    feed(name, { arrays, rows }, batch) {
      const { inputs, outputs, webgpu } = programs[name], order = buffer(4 * batch, STORAGE), begin = filled(Int32Array.from(initial.flatMap(([k, bytes]) => [...new Int32Array(toWords(states[k].dtype, bytes).buffer)])));
      const gathers = inputs.map(async ({ place, dtype }, k) => {
        const row = arrays[k].length / rows, data = filled(toWords(dtype, bytesOf(arrays[k])));
        // Rows behind a short batch are gathered too: there is room for them.
        const pipeline = await pipelineOf(`@group(0) @binding(0) var<storage, read_write> m: array<u32>;
@group(0) @binding(1) var<storage> data: array<u32>;
@group(0) @binding(2) var<storage> order: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(workgroup_id) wg: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) lane: u32) {
let i = (wg.x + wg.y * grid.x) * 64 + lane;
if (i < ${batch * row}) { m[${place} + i] = data[order[i / ${row}] * ${row} + i % ${row}]; } }`, 'auto');
        return { data, pipeline, group: groupOf(pipeline.getBindGroupLayout(0), [memory, data, order]), groups: Math.ceil((batch * row) / 64) };
      });
      return {
        run: (numbers, first, steps, epochs) => alone(async () => {
          const ready = await Promise.all(gathers), orders = filled(numbers ? Int32Array.from(numbers) : new Int32Array(rows).map((_, i) => i));
          const results = buffer(4 * outputs.length * epochs, STORAGE);
          for (let epoch = 0; epoch < epochs; epoch++) {
            let from = 0;
            for (const [k] of first ? [] : initial) {
              const size = 4 * product(states[k].shape);
              outside().copyBufferToBuffer(begin, from, memory, 4 * (states[k].place ?? 0), size);
              from += size;
            }
            for (let step = first; step < first + steps; step++) {
              const place = step * batch, n = Math.min(batch, rows - place);
              outside().copyBufferToBuffer(orders, 4 * (place + (numbers ? epoch * rows : 0)), order, 0, 4 * n);
              for (const { pipeline, group, groups } of ready) {
                inside().setPipeline(pipeline);
                inside().setBindGroup(0, group);
                launch(groups);
              }
              await play(webgpu?.steps ?? [], n, []);
            }
            outputs.forEach(({ place }, k) => outside().copyBufferToBuffer(memory, 4 * (place ?? 0), results, 4 * (epoch * outputs.length + k), 4));
          }
          const words = await fetched(results, [[0, outputs.length * epochs]]);
          orders.destroy();
          results.destroy();
          return Array.from({ length: epochs }, (_, e) => Object.fromEntries(outputs.map(({ name, dtype }, k) => [name, Number(fromWords(dtype, words.slice(e * outputs.length + k).slice(0, 1))[0])])));
        }),
        close() {
          order.destroy();
          begin.destroy();
          gathers.forEach((gather) => gather.then(({ data }) => data.destroy()));
        },
      };
    },
  };
}
