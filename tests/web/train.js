/** Trains an exported model on given data, in a page or in Node, and tells what came of it. */

/**
 * @param {typeof import('../../src/thalweg/web/runtime/index.js')} runtime
 * @param {string | URL} folder
 * @param {ArrayBuffer[]} data inputs and targets, float32 or int32
 * @param {any} options of `load` and `fit`, and a list of `steps` to take
 */
export async function train(runtime, folder, [x, y], { load = {}, fit = {} }) {
  const model = await runtime.load(folder, load);
  const [inputs, targets] = [[model.inputs, x], [model.targets, y]].map(([[{ dtype }], data]) => (
    dtype === 'int32' ? new Int32Array(data) : new Float32Array(data)));
  const { history } = await model.fit(inputs, targets, fit);
  const found = {
    device: model.device,
    why: model.choice.why,
    history,
    evaluated: await model.evaluate(inputs, targets),
    predicted: Array.from(await model.predict(inputs.slice(0, 3 * (inputs.length / rowsOf(y, model))))),
    state: Array.from(await model.toSafetensors()),
  };
  model.close();
  return found;
}

/** @param {ArrayBuffer} y @param {any} model */
function rowsOf(y, model) {
  return y.byteLength / 4 / model.targets[0].shape.reduce((/** @type {number} */ a, /** @type {number} */ b) => a * b, 1);
}
