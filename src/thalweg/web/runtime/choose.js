/** @file Which device a model should run on, by what the compiler says of its cost. */

import { fail } from './dtypes.js';
import { at } from './manifest.js';

/** @typedef {import('./types.js').Manifest} Manifest */
/** @typedef {import('./types.js').Cost} Cost */
/** @typedef {{device: 'wasm' | 'webgpu', why: string, adapter?: GPUAdapter | null}} Choice */

/** About how long a run takes on one thread, by cautious figures. @param {Cost} cost @param {number} n */
export const wasmSeconds = ({ flops, bytes, kernels }, n) => at(flops, n) / 30e9 + at(bytes, n) / 8e9 + at(kernels, n) * 0.3e-6;

/** @param {Cost} cost @param {number} n */
const dispatches = (cost, n) => at(cost.dispatches ?? cost.kernels, n);

/** @param {Cost} cost @param {number} n */
const gpuSeconds = (cost, n) => 200e-6 + dispatches(cost, n) * 30e-6 + Math.max(at(cost.flops, n) / 300e9, at(cost.bytes, n) / 30e9);

/** @param {number} seconds */
const ms = (seconds) => `${+(seconds * 1e3).toPrecision(2)} ms`;

/**
 * @param {Manifest} manifest
 * @param {string} wish 'auto', 'wasm' or 'webgpu'
 * @returns {Promise<Choice>}
 */
export async function choose({ programs, batch, webgpu, webgpuWhy }, wish) {
  if (wish === 'wasm') return { device: wish, why: 'WebAssembly, as asked for.' };
  if (!/^(auto|webgpu)$/.test(wish)) fail(`device must be 'auto', 'wasm' or 'webgpu', got '${wish}'.`);
  const name = ['train', 'predict', ...Object.keys(programs)].find((key) => programs[key]) ?? '', { cost } = programs[name], n = batch || 1;
  const here = wasmSeconds(cost, n), there = gpuSeconds(cost, n);
  const compared = `one ${name} of ${n} is estimated at ${ms(here)} in WebAssembly and ${ms(there)} (${dispatches(cost, n)} dispatches) on WebGPU`;
  let lack = webgpu ? '' : webgpuWhy ?? 'the export has no shaders', adapter;
  if (!lack && (wish === 'webgpu' || there < here)) {
    adapter = await globalThis.navigator?.gpu?.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
    if (!adapter) lack = 'there is no WebGPU here';
    else if (wish === 'webgpu') return { device: wish, why: 'WebGPU, as asked for.', adapter };
    else if (/** @type {any} */ (adapter).isFallbackAdapter || /swiftshader|llvmpipe|software/i.test(JSON.stringify(Object.values(infoOf(adapter))))) lack = 'WebGPU is only software here';
    else return { device: 'webgpu', why: `WebGPU: ${compared}.`, adapter };
  }
  if (wish === 'webgpu') fail(`The model cannot run on WebGPU: ${lack}.`);
  return { device: 'wasm', why: `WebAssembly: ${lack || compared}.` };
}

/** @param {GPUAdapter} adapter */
const infoOf = ({ info: { vendor, architecture, device, description } }) => ({ vendor, architecture, device, description });
