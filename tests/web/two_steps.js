/** A prediction and two training steps of an exported model, in a page or in Node. */

/**
 * @param {typeof import('../../src/thalweg/web/runtime/index.js')} runtime
 * @param {string | URL} folder
 * @param {{x: number[], y: number[], size: number, device?: 'wasm' | 'webgpu'}} data of one batch; the size is that of a sample
 */
export async function twoSteps(runtime, folder, { x, y, size, device = 'wasm' }) {
  const model = await runtime.load(folder, { device });
  const predicted = await model.predict(x.slice(0, size));
  const losses = [];
  for (let step = 0; step < 2; step++) losses.push((await model.trainOnBatch(x, y)).loss);
  return { device: model.device, predicted: Array.from(predicted), losses };
}
