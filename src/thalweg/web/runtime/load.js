/** @file load: from an exported folder to a model that is ready. */

import { choose } from './choose.js';
import { arrayOf, decode, fail } from './dtypes.js';
import { check, inNode, openFolder } from './files.js';
import { parse, parseManifest } from './manifest.js';
import { Model } from './model.js';
import { readSafetensors } from './safetensors.js';
import { elements, initialStates, statesOf } from './states.js';
import { compiled, wasmDevice, wasmFlavor, withSharedMemory } from './wasm.js';

/**
 * Load an exported folder.
 *
 * @param {import('./api.js').Source} [source] the folder's address or path, or the files of it; by default the folder of
 *   this file
 * @param {import('./api.js').LoadOptions} [options]
 * @returns {Promise<Model>}
 *
 * @example
 * import { load } from './site/thalweg.js';
 * const model = await load('./site/');
 * const y = model.predictSync(x);
 */
export async function load(source = new URL('.', import.meta.url), { device = 'auto', threads = 'auto', worker = true, progress } = {}) {
  const read = openFolder(source), manifest = parseManifest(await read('program.json')), { wasm, weights, bytes, checksums, constants } = manifest;
  const initial = initialStates(manifest), several = inNode || globalThis.crossOriginIsolated;
  const count = threads !== 'auto' ? threads : several ? Math.min(manifest.choice.threads, globalThis.navigator?.hardwareConcurrency ?? 2) : 1;
  if (!(count >= 1) || (count > 1 && !several)) fail(`threads: ${count} needs a page with the headers COOP and COEP.`);
  const finish = async (/** @type {import('./choose.js').Choice} */ { device, why, gpu }) => {
    const names = [gpu ? gpu.shaders : wasm[wasmFlavor()], ...weights.files];
    let done = 0;
    /** @type {any} */
    let code;
    const [program, ...files] = await Promise.all(names.map(async (name, k) => {
      const contents = await read(name);
      await check(name, contents, checksums[name]);
      done += contents.length;
      progress?.(done / names.reduce((sum, one) => sum + bytes[one], 0));
      return k ? contents : gpu ? parse(contents) : compiled((code = contents)); // while the weights are on their way
    }));
    const tensors = Object.assign({}, ...files.map(readSafetensors)), exported = statesOf(manifest, tensors, true);
    const engine = gpu || !worker ? null : { module: () => (count > 1 ? compiled(withSharedMemory(code)) : program), threads: count };
    const runs = await (gpu ? gpu.start(manifest, program, constants.map(({ name, dtype }) => elements(tensors, name, dtype)), initial, decode, arrayOf) : wasmDevice(manifest, program, initial));
    return new Model(manifest, runs, engine, exported, initial, { device, why });
  };
  const choice = await choose(manifest, device);
  return finish(choice).catch((error) => {
    if (device !== 'auto' || !choice.gpu) throw error;
    return finish({ device: 'wasm', why: `${choice.why} But WebGPU failed: ${error.message}` });
  });
}
