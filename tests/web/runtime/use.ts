// What users of the declarations write; the test puts the built thalweg.d.ts beside it.
import { load, fromImage, Model, type FitOptions, type History } from './thalweg.js';

const options: FitOptions = { epochs: 3, onEpochEnd: (epoch, logs) => logs.loss.toFixed(epoch) };
const model: Model = await load('./site/', { device: 'wasm', threads: 'auto' });
const history: History = await model.fit(new Float32Array(8), [1, 2], options);
const loss: number = (await model.evaluate([[1, 2]], { y: [1] })).loss + history.history.loss[0];
const image: Float32Array = fromImage(new ImageData(2, 2), { width: 1, height: 1 });
model.addEventListener('epochend', () => model.stop());
// @ts-expect-error
await model.fit([1], [2], { epoch: 3 });
// @ts-expect-error
await load('./site/', { device: 'cuda' });
export default [loss, image, model.predictSync(image), model.choice.why];
