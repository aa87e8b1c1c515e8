// Goes on training an exported model in Node, and keeps what it learned:
//
//   node examples/web/node_train.mjs FOLDER DATA.json WEIGHTS.safetensors [EPOCHS]
//
// DATA.json holds {"x": samples, "y": targets}. If WEIGHTS.safetensors is there, training continues
// from it; afterwards it holds the weights, the state of the optimizer and the random state.

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, data, weights, epochs = '10'] = process.argv.slice(2);
if (!weights) {
  console.error('usage: node node_train.mjs FOLDER DATA.json WEIGHTS.safetensors [EPOCHS]');
  process.exit(2);
}

const { load } = await import(pathToFileURL(resolve(folder, 'thalweg.js')).href);
const model = await load(folder);
const place = `file://${resolve(weights)}`;
if (await model.restore(place)) console.log(`from the weights in ${weights}`);

const { x, y } = JSON.parse(await readFile(data, 'utf8'));
const shown = (logs) => Object.entries(logs).map(([name, value]) => `${name} ${value.toPrecision(6)}`).join(', ');

console.log(`before: ${shown(await model.evaluate(x, y))}`);
await model.fit(x, y, {
  epochs: Number(epochs),
  onEpochEnd: (epoch, logs) => console.log(`epoch ${epoch + 1}: ${shown(logs)}`),
});
console.log(`after: ${shown(await model.evaluate(x, y))}`);
await model.save(place);
