/** @file The ready page: shows what a model is, predicts from what is entered, and trains it. */

import { load } from '../thalweg.js';
import { LineChart } from '../common/chart.js';
import { makeUp, parseCsv } from './data.js';
import { digits, find } from '../common/dom.js';
import { element, field, sizeOf } from './inputs.js';

/** @typedef {import('./data.js').Data} Data */

const MANY = 50;
const button = (/** @type {string} */ id) => find(id, HTMLButtonElement), box = (/** @type {string} */ id) => find(id, HTMLInputElement);

/** @param {unknown} error */
function complain(error) {
  find('problem').textContent = error instanceof Error ? error.message : String(error);
  find('problem').hidden = !error;
}

/** Something to do on a click; what goes wrong is shown. @param {string} id @param {() => unknown} work */
const on = (id, work) => find(id).addEventListener(find(id) instanceof HTMLInputElement ? 'change' : 'click', async () => {
  complain('');
  try {
    await work();
  } catch (error) {
    complain(error);
  }
});

/** @param {string} id the input of a file */
async function chosen(id) {
  const file = box(id).files?.[0];
  box(id).value = '';
  if (!file) throw new Error('No file was chosen.');
  return file;
}

/** @param {ArrayLike<number>} values one output of one sample */
function shown(values) {
  const all = Array.from(values), most = Math.max(...all.map(Math.abs)) || 1;
  if (all.length === 1) return element('p', { className: 'single numeric' }, digits(all[0], 5));
  const rows = all.slice(0, MANY).map((value, i) => {
    const bar = element('i');
    bar.style.setProperty('--share', String(Math.abs(value) / most));
    const cells = [element('td', {}, String(i)), element('td', {}, bar), element('td', { className: 'number' }, digits(value, 4))];
    return element('tr', { className: value === Math.max(...all) ? 'now' : '' }, ...cells);
  });
  const table = element('table', { className: 'bars' }, element('tbody', {}, ...rows));
  return element('div', {}, table, all.length > MANY ? element('p', { className: 'note' }, `and ${all.length - MANY} more`) : '');
}

const model = await load(new URL('..', import.meta.url)).catch((error) => {
  complain(error);
  throw error;
});
const { inputs, outputs, targets } = model;
document.title = find('name').textContent = model.name;
const shapes = (/** @type {import('./inputs.js').Spec[]} */ specs) => specs.map(({ name, shape }) => `${name} (${shape.join(' × ') || 'a number'})`).join(', ');
const weights = model.states.filter(({ role }) => role === 'weight' || role === 'statistic').reduce((sum, state) => sum + sizeOf(state), 0);
const { bytes, programs } = await (await fetch('program.json')).json();
const kilobytes = Object.entries(bytes).filter(([name]) => !name.includes('relaxed')).reduce((sum, [, size]) => sum + size, 0) / 1024;
const facts = { Inputs: shapes(inputs), Outputs: shapes(outputs), Weights: weights.toLocaleString('en'), Size: `${digits(kilobytes)} KB`, 'Runs on': model.device === 'wasm' ? 'WebAssembly' : 'WebGPU' };
find('facts').append(...Object.entries(facts).map(([name, text]) => element('div', {}, element('dt', {}, name), element('dd', {}, text))));
find('why').textContent = model.choice.why;

// --- predictions

const fields = inputs.map((spec) => field(spec, find('inputs'), predict, complain));

async function predict() {
  complain('');
  try {
    const x = Object.fromEntries(fields.map(({ read }, k) => [inputs[k].name, read()]));
    for (const [name, values] of Object.entries(x)) {
      const missing = Array.from(values).findIndex((value) => !Number.isFinite(value));
      if (missing >= 0) throw new Error(`${name}: number ${missing + 1} is missing.`);
    }
    const start = performance.now();
    let found, times = 0;
    // A browser's clock is coarse: a short time is the mean of many.
    do {
      found = model.device === 'wasm' ? model.predictSync(x) : await model.predict(x);
      times++;
    } while (performance.now() - start < 2);
    find('latency').textContent = `in ${digits(((performance.now() - start) / times) * 1000, 2)} µs`;
    const all = outputs.length === 1 ? { [outputs[0].name]: found } : found;
    find('outputs').replaceChildren(...Object.entries(all).map(([name, values]) => element('div', {}, element('h3', {}, name), shown(values))));
  } catch (error) {
    complain(error);
  }
}

on('random', () => {
  for (const { random } of fields) random();
  return predict();
});
for (const { random } of fields) random();
await predict();

// --- training

/** @type {Data | null} */
let data = null;

/** @param {Data} found @param {string} source */
function take(found, source) {
  data = found;
  find('data').textContent = `${found.rows} samples ${source}`;
  button('train').disabled = button('evaluate').disabled = false;
}

if (model.trainable) {
  const count = (/** @type {import('./inputs.js').Spec[]} */ specs) => specs.reduce((sum, spec) => sum + sizeOf(spec), 0);
  find('training').hidden = false;
  find('shape').textContent = `Optimizer ${model.training.optimizer}, loss ${model.training.loss}. A row of data has ${count(inputs)} columns of inputs and then ${count(targets)} of targets.`;
  const most = programs.train.capacity;
  Object.assign(box('batch'), { max: most, value: most });
  const chart = new LineChart(find('chart'), {
    title: 'Loss by epoch', x: 'epoch', y: 'loss', log: true,
    series: { loss: { name: 'training', colour: '--accent' }, val_loss: { name: 'validation', colour: '--second', dashed: true } },
  });
  let epochs = 0;
  const say = (/** @type {string} */ text) => (find('progress').textContent = text);
  const listed = (/** @type {Record<string, number>} */ logs) => Object.entries(logs).map(([name, value]) => `${name} ${digits(value, 4)}`).join(', ');

  on('csv', async () => {
    const file = await chosen('csv');
    take(parseCsv(await file.text(), inputs, targets), `of ${file.name}`);
  });
  on('made', () => take(makeUp(model, 4 * most), 'made up'));
  on('train', async () => {
    if (model.isTraining || !data) return model.stop();
    button('train').textContent = 'Stop';
    const first = epochs;
    try {
      await model.fit(data.x, data.y, {
        initialEpoch: first, epochs: first + box('epochs').valueAsNumber, batchSize: box('batch').valueAsNumber, validationSplit: box('split').valueAsNumber / 100,
        onEpochEnd(epoch, logs) {
          epochs = epoch + 1;
          for (const name of ['loss', 'val_loss']) if (name in logs) chart.push(name, epochs, logs[name]);
          say(`epoch ${epochs}: ${listed(logs)}`);
        },
      });
    } finally {
      button('train').textContent = 'Train';
    }
    return predict();
  });
  on('evaluate', async () => data && say(`over all samples: ${listed(await model.evaluate(data.x, data.y))}`));
  const place = `indexeddb://${location.pathname}${model.name}`;
  on('save', async () => {
    await model.save(place);
    say('Kept in this browser.');
  });
  const restored = async (/** @type {boolean} */ found) => {
    say(found ? 'As it was kept.' : 'Nothing is kept in this browser.');
    await predict();
  };
  on('restore', async () => restored(await model.restore(place)));
  on('download', () => model.save(`download://${model.name}`));
  on('upload', async () => restored(await model.restore(await chosen('upload'))));
  on('reset', () => {
    model.reset();
    say('As it was exported.');
    return predict();
  });
}
document.documentElement.dataset.ready = 'true';
