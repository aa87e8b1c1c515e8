/** @file Which device a model runs on: what fits its cost best, as the compiler found, if it is there. */

import { fail } from './dtypes.js';

/** @typedef {{device: 'wasm' | 'webgpu', why: string, adapter?: GPUAdapter | null, variant?: number}} Choice the shaders' variant for the adapter */

/**
 * @param {import('./types.js').Manifest} manifest
 * @param {string} wish 'auto', 'wasm' or 'webgpu'
 * @returns {Promise<Choice>}
 */
export async function choose({ choice, webgpu, webgpuWhy }, wish) {
  const auto = wish === 'auto', device = auto ? choice.device : wish, why = auto ? choice.why : 'As asked for.';
  if (device === 'wasm') return { device, why };
  if (device !== 'webgpu') fail(`device must be auto, wasm or webgpu, got ${device}.`);
  const adapter = webgpu && (await globalThis.navigator?.gpu?.requestAdapter({ powerPreference: 'high-performance' }));
  const info = /** @type {any} */ (adapter?.info), software = !!info && (info.isFallbackAdapter || /swiftshader|llvmpipe/i.test(info.architecture + info.description));
  const variant = adapter ? webgpu.findIndex((one) => one.software === software && one.features.every((feature) => adapter.features.has(feature))) : 0;
  if (adapter && !(auto && software)) return { device, why, adapter, variant };
  const lack = software ? 'WebGPU is only software here' : webgpuWhy ?? 'there is no WebGPU here';
  return auto ? { device: 'wasm', why: `${why} But ${lack}.` } : fail(`The model cannot run on WebGPU: ${lack}.`);
}
