/** @file load: from an exported folder to a model that is ready. */

import { choose, wasmSeconds } from './choose.js';
import { fail } from './dtypes.js';
import { check, inNode, openFolder } from './files.js';
import { parseManifest } from './manifest.js';
import { Model } from './model.js';
import { readSafetensors } from './safetensors.js';
import { initialStates, statesOf } from './states.js';
import { wasmDevice, wasmFlavor, withSharedMemory } from './wasm.js';
import { gpuDevice } from './webgpu.js';

/** @typedef {import('./types.js').Manifest} Manifest */

/**
 * @typedef {object} LoadOptions
 * @property {'auto' | 'wasm' | 'webgpu'} [device] where it runs; 'auto' chooses by the model's cost, see `model.choice`
 * @property {number | 'auto'} [threads] how many workers train together on WebAssembly; more than one needs a page that is
 *   cross-origin isolated, or Node
 * @property {boolean} [worker] whether training on WebAssembly is done by a worker, as by default
 * @property {(fraction: number) => void} [progress] told how much is loaded
 */

/**
 * Load an exported folder.
 *
 * @param {import('./files.js').Source} [source] the folder's address or path, or the files of it; by default the folder of
 *   this file
 * @param {LoadOptions} [options]
 * @returns {Promise<Model>}
 *
 * @example
 * import { load } from './site/thalweg.js';
 * const model = await load('./site/');
 * const y = model.predictSync(x);
 */
export async function load(source = new URL('.', import.meta.url), { device = 'auto', threads = 'auto', worker = true, progress } = {}) {
  const read = await openFolder(source), manifest = parseManifest(await read('program.json')), initial = initialStates(manifest);
  const count = threadsOf(manifest, threads);
  const finish = async (/** @type {import('./choose.js').Choice} */ { device, why, adapter }) => {
    const code = adapter ? manifest.webgpu?.shaders ?? '' : manifest.wasm[wasmFlavor()], names = [code, ...manifest.weights.files];
    const total = names.reduce((sum, name) => sum + manifest.bytes[name], 0);
    let done = 0;
    const [first, ...files] = await Promise.all(names.map(async (name) => {
      const contents = await read(name, progress && ((bytes) => progress((done += bytes) / total)));
      await check(name, contents, manifest.checksums[name]);
      return contents;
    }));
    const tensors = Object.assign({}, ...files.map((file, k) => readSafetensors(file, names[k + 1])));
    const exported = statesOf(manifest, tensors, true), module = adapter ? null : await WebAssembly.compile(first);
    const engine = module && worker ? { module: () => (count > 1 ? WebAssembly.compile(withSharedMemory(first)) : module), threads: count } : null;
    const on = module ? await wasmDevice(manifest, module, initial) : await gpuDevice(manifest, first, /** @type {GPUAdapter} */ (adapter), tensors, initial);
    progress?.(1);
    return new Model(manifest, on, engine, exported, initial, { device, why });
  };
  const choice = await choose(manifest, device);
  return finish(choice).catch((error) => {
    if (device !== 'auto' || !choice.adapter) throw error;
    return finish({ device: 'wasm', why: `WebAssembly, as WebGPU failed: ${error.message}` });
  });
}

/** @param {Manifest} manifest @param {number | 'auto'} wish */
function threadsOf({ programs: { train }, batch }, wish) {
  const can = inNode || globalThis.crossOriginIsolated;
  // A worker is worth its meetings with the others if it has about half a millisecond's work in each step.
  if (wish === 'auto') return can && train ? Math.max(1, Math.min(globalThis.navigator?.hardwareConcurrency ?? 1, 8, wasmSeconds(train.cost, batch) * 2000) | 0) : 1;
  if (!(wish > 0 && wish % 1 === 0)) fail(`threads must be 'auto' or a whole number from 1, got ${wish}.`);
  return wish === 1 || can ? wish : fail('Several threads need a page that is cross-origin isolated (its headers COOP and COEP).');
}
