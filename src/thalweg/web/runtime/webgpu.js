/** @file The WebGPU device: one buffer that holds everything, pipelines, and commands for many steps in one submit. */

import { bytesOf, fail, product } from './dtypes.js';
import { at, sizeOf } from './manifest.js';

/** @typedef {import('./types.js').Step} Step */
/** @typedef {import('./types.js').Data} Data */

// Words 256 bytes apart, of which a dispatch sees 32: the batch size, and the turns of the loops that it stands in.
const SLOT = 256, SLOTS = 1024;
const MOST_GROUPS = 65535;
const STORAGE = 128 | 4 | 8, UNIFORM = 64 | 8, STAGING = 1 | 8; // usages, with copies from and to

/** @typedef {import('./types.js').Variant} Variant */
/** @typedef {Exclude<Awaited<ReturnType<typeof findGpu>>, string>} Gpu */

/**
 * The GPU, the file of shaders that fits it, and what makes a device of them.
 * @param {Variant[]} variants
 * @param {boolean} real whether software will not do
 * @returns what is wrong, if there is none
 */
export async function findGpu(variants, real) {
  const adapter = await globalThis.navigator?.gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) return 'there is no WebGPU here';
  const { isFallbackAdapter, architecture, description } = /** @type {any} */ (adapter.info);
  const software = Boolean(isFallbackAdapter || /swiftshader|llvmpipe/i.test(architecture + description));
  if (real && software) return 'WebGPU is only software here';
  const variant = variants.findIndex((one) => one.software === software && one.features.every((feature) => adapter.features.has(feature)));
  return {
    shaders: variants[variant].shaders,
    /** @type {DeviceMaker} */
    start: (...rest) => gpuDevice(adapter, variant, variants[variant], ...rest),
  };
}

/** @typedef {(manifest: import('./types.js').Manifest, shaders: Shaders, values: Uint8Array[], initial: import('./types.js').Values,
 *   decode: (dtype: string, bytes: Uint8Array) => any, arrayOf: (dtype: string) => any) => Promise<import('./types.js').Device>} DeviceMaker
 *   with the contents of the shaders' file, the values of the constants, and what thalweg.js has already */
/** @typedef {{helpers: Record<string, string>, kernels: {code: string, helpers: string[], features: string[]}[]}} Shaders */

/**
 * @param {GPUAdapter} adapter
 * @param {number} variant which one of the manifest's it is
 * @param {Variant} own
 * @param {Parameters<DeviceMaker>} rest
 * @returns {Promise<import('./types.js').Device>}
 */
async function gpuDevice(adapter, variant, { features, words: size }, ...[{ programs, states, constants }, { helpers, kernels }, values, initial, decode, arrayOf]) {
  /** Elements out of what the GPU keeps, one 32-bit word for each; halves stay float32. @param {string} dtype @param {Int32Array<ArrayBuffer>} words @returns {any} */
  const fromWords = (dtype, words) => (dtype.includes('float') ? new Float32Array(words.buffer) : arrayOf(dtype).from(words));
  /** Elements as the GPU keeps them. @param {string} dtype @param {Uint8Array} bytes */
  const toWords = (dtype, bytes) => {
    const found = decode(dtype, bytes);
    return found.BYTES_PER_ELEMENT === 4 ? found : Int32Array.from(found);
  };
  const { maxStorageBufferBindingSize: most, maxBufferSize } = adapter.limits;
  const device = await adapter.requestDevice({ requiredFeatures: features, requiredLimits: { maxStorageBufferBindingSize: most, maxBufferSize } });
  const { queue } = device;
  /** @param {number} words @param {number} [usage] */
  const buffer = (words, usage = STORAGE) => (4 * words > most ? fail(`The GPU has no room for ${words >> 18} MB in one piece.`) : device.createBuffer({ size: 4 * words, usage }));
  /** @param {any} words */
  const filled = (words) => {
    const made = buffer(words.length);
    queue.writeBuffer(made, 0, words);
    return made;
  };
  const memory = buffer(size);
  /** @param {{place: number, dtype: string}} port @param {Uint8Array} bytes */
  const put = ({ place, dtype }, bytes) => queue.writeBuffer(memory, 4 * place, toWords(dtype, bytes));
  constants.forEach((constant, k) => put(constant, values[k]));

  // --- kernels

  const visibility = 4, layout = device.createBindGroupLayout({
    entries: [{ binding: 0, visibility, buffer: { type: 'storage' } }, { binding: 1, visibility, buffer: { hasDynamicOffset: true } }],
  });
  /** @param {string} code @param {GPUPipelineLayout | 'auto'} layout */
  const pipelineOf = (code, layout) => device.createComputePipelineAsync({ layout, compute: { module: device.createShaderModule({ code }) } });
  const bound = device.createPipelineLayout({ bindGroupLayouts: [layout] });
  const pipelines = await Promise.all(kernels.map(({ code, helpers: names, features }) => pipelineOf(
    [...features.map((feature) => `enable ${feature.replace('shader-', '')};`), ...names.map((name) => helpers[name]), code].join('\n'), bound)));

  /** @param {GPUBindGroupLayout} layout @param {GPUBuffer[]} buffers @param {number} [size] of the last one */
  const groupOf = (layout, buffers, size) => device.createBindGroup({
    layout, entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer, size: binding ? size : undefined } })),
  });
  /** @type {Map<string, number>} where the numbers of a block of steps lie */
  const slots = new Map();
  /** @type {GPUBuffer} */
  let uniform, /** @type {GPUBindGroup} */ group;
  /** @param {number[]} numbers */
  const slotOf = (numbers) => {
    const key = String(numbers), known = slots.get(key);
    if (known !== undefined) return known;
    if (slots.size % SLOTS === 0) {
      slots.clear(); // commands that are being recorded keep the old ones
      group = groupOf(layout, [memory, (uniform = buffer(SLOT * SLOTS / 4, UNIFORM))], 32);
    }
    const place = SLOT * slots.size;
    slots.set(key, place);
    queue.writeBuffer(uniform, place, Uint32Array.from(numbers));
    return place;
  };

  // --- commands

  /** @type {GPUCommandEncoder | null} */
  let encoder = null, /** @type {GPUComputePassEncoder | null} */ pass = null;
  const outside = () => {
    pass?.end();
    pass = null;
    return (encoder ??= device.createCommandEncoder());
  };
  /** All in words. @param {GPUBuffer} from @param {number} place @param {GPUBuffer} to @param {number} at @param {number} count */
  const copy = (from, place, to, at, count) => outside().copyBufferToBuffer(from, 4 * place, to, 4 * at, 4 * count);
  /** @param {GPUComputePipeline} pipeline @param {GPUBindGroup} group @param {number[]} offsets @param {number} count of workgroups */
  const launch = (pipeline, group, offsets, count) => {
    const inside = (pass ??= outside().beginComputePass()), y = Math.ceil(count / MOST_GROUPS);
    inside.setPipeline(pipeline);
    inside.setBindGroup(0, group, offsets);
    inside.dispatchWorkgroups(Math.ceil(count / y), y);
  };
  /** Words, once all that was recorded is done. @param {GPUBuffer} from @param {[number, number][]} pieces places and counts */
  const fetched = async (from, pieces) => {
    let end = 0;
    const staging = buffer(pieces.reduce((sum, piece) => sum + piece[1], 0), STAGING);
    for (const [place, count] of pieces) {
      copy(from, place, staging, end, count);
      end += count;
    }
    queue.submit([outside().finish()]);
    encoder = null;
    await staging.mapAsync(1).catch(() => fail('The GPU was lost.'));
    const words = new Int32Array(staging.getMappedRange().slice(0));
    staging.destroy();
    return words;
  };
  const flag = async (/** @type {number} */ place) => (await fetched(memory, [[place, 1]]))[0];

  /** Record steps; a test of a loop or a branch must be waited for. @param {Step[]} steps @param {number} n @param {number[]} turns */
  const play = async (steps, n, turns) => {
    for (const step of steps) {
      if (Array.isArray(step)) {
        const slot = slotOf([n, ...turns]);
        launch(pipelines[step[0]], group, [slot], product(step[1].map(([scale, offset, per]) => Math.ceil((scale * n + offset) / per))));
      } else if ('turns' in step) {
        const count = at(step.turns, n);
        for (let i = 0; i < count; i++) await play(step.block, n, [...turns, step.reverse ? count - 1 - i : i]);
      } else if ('while' in step) {
        while ((await play(step.while, n, turns), await flag(step.flag))) await play(step.block, n, turns);
      } else await play((await flag(step.cond)) ? step.then : step.otherwise, n, turns);
    }
  };

  /** @type {Promise<any>} */
  let last = Promise.resolve();
  /** One after the other. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  const alone = (work) => (last = last.catch(() => {}).then(work));

  return {
    /** @param {number} k */
    read: (k) => alone(async () => bytesOf(fromWords(states[k].dtype, await fetched(memory, [[states[k].place, product(states[k].shape)]])))),

    /** @param {number} k @param {Uint8Array} bytes */
    write: (k, bytes) => put(states[k], bytes),

    /** @param {string} name @param {Data} data */
    run: (name, { arrays, rows }) => alone(async () => {
      const { inputs, outputs, webgpu, single } = programs[name];
      inputs.forEach((port, k) => put(port, bytesOf(arrays[k])));
      await play(((rows < 2 && single) || webgpu)[variant], rows, []);
      const words = await fetched(memory, outputs.map((port) => [port.place, sizeOf(port, rows)]));
      let end = 0;
      return outputs.map((port) => fromWords(port.dtype, words.slice(end, (end += sizeOf(port, rows)))));
    }),

    /**
     * Data that stay on the GPU, where their rows are gathered.
     * @param {string} name
     * @param {Data} data
     * @param {number} batch
     * @returns {import('./types.js').Feed}
     */
    feed(name, { arrays, rows }, batch) {
      const { inputs, outputs, webgpu } = programs[name], order = buffer(batch);
      const resets = initial.map(([k, bytes]) => filled(toWords(states[k].dtype, bytes))), held = inputs.map(({ dtype }, k) => filled(toWords(dtype, bytesOf(arrays[k]))));
      const gathers = Promise.all(inputs.map(async ({ place }, k) => {
        const row = arrays[k].length / rows;
        // Rows behind a short batch are gathered too: there is room for them.
        const pipeline = await pipelineOf(`@group(0) @binding(0) var<storage, read_write> m: array<u32>;
@group(0) @binding(1) var<storage> d: array<u32>;
@group(0) @binding(2) var<storage> o: array<u32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) t: vec3u, @builtin(num_workgroups) g: vec3u) {
let i = t.x + t.y * g.x * 64; if (i < ${batch * row}) { m[${place} + i] = d[o[i / ${row}] * ${row} + i % ${row}]; } }`, 'auto');
        const sources = groupOf(pipeline.getBindGroupLayout(0), [memory, held[k], order]);
        return () => launch(pipeline, sources, [], Math.ceil((batch * row) / 64));
      }));
      return {
        run: (numbers, first, steps) => alone(async () => {
          const gather = await gathers, orders = filled(numbers ? Int32Array.from(numbers) : new Int32Array(rows).map((_, i) => i));
          if (!first) initial.forEach(([k], i) => copy(resets[i], 0, memory, states[k].place, product(states[k].shape)));
          for (let step = first; step < first + steps; step++) {
            const place = step * batch, n = Math.min(batch, rows - place);
            copy(orders, place, order, 0, n);
            gather.forEach((one) => one());
            await play(webgpu[variant], n, []);
          }
          const words = await fetched(memory, outputs.map((port) => [port.place, 1]));
          orders.destroy();
          return Object.fromEntries(outputs.map(({ name, dtype }, k) => [name, Number(fromWords(dtype, words.slice(k, k + 1))[0])]));
        }),
        close: () => [order, ...resets, ...held].forEach((one) => one.destroy()),
      };
    },
  };
}
