/** @file Which device a model runs on: what fits its cost best, as the compiler found, if it is there. */

import { fail } from './dtypes.js';

/** @typedef {{device: 'wasm' | 'webgpu', why: string, gpu?: import('./webgpu.js').Gpu}} Choice */

/**
 * @param {import('./types.js').Manifest} manifest
 * @param {string} wish 'auto', 'wasm' or 'webgpu'
 * @returns {Promise<Choice>}
 */
export async function choose({ choice, webgpu, webgpuWhy }, wish) {
  const auto = wish === 'auto', device = auto ? choice.device : wish, why = auto ? choice.why : 'As asked for.';
  if (device === 'wasm') return { device, why };
  if (device !== 'webgpu') fail(`device must be auto, wasm or webgpu, got ${device}.`);
  // A file of its own, which other pages do not load.
  const gpu = webgpu ? await (await import('./webgpu.js')).findGpu(webgpu, auto) : webgpuWhy;
  if (gpu && typeof gpu === 'object') return { device, why, gpu };
  return auto ? { device: 'wasm', why: `${why} But ${gpu}.` } : fail(`The model cannot run on WebGPU: ${gpu}.`);
}
