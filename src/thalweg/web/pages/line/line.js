/** @file The page about download times: what its sliders, buttons and map do. */

import { LineChart } from '../common/chart.js';
import { choice, digits, find, fixed, frame, slider } from '../common/dom.js';
import { load } from '../thalweg.js';
import { lossOf } from './losses.js';
import { scatter } from './scatter.js';
import { Surface } from './surface.js';
import { Walk } from './walk.js';

/** @typedef {import('./walk.js').Place} Place */
/** @typedef {import('./losses.js').LossName} LossName */

// What the buttons under "Try this" set.
/** @type {Record<string, {loss: LossName, rate: number, batch: number, speed: number, from: Place}>} */
const TRIES = {
  valley: { loss: 'mse', rate: 0.01, batch: 20, speed: 30, from: { kernel: 0.17, bias: -0.25 } },
  noise: { loss: 'mse', rate: 0.003, batch: 1, speed: 120, from: { kernel: 0, bias: 0.42 } },
  zigzag: { loss: 'mae', rate: 0.01, batch: 20, speed: 15, from: { kernel: 0, bias: 0 } },
  diverge: { loss: 'mse', rate: 0.048, batch: 20, speed: 10, from: { kernel: 0.06, bias: 0 } },
};
const START = { kernel: 0, bias: 0 };
// A page stays quick when training takes no more than this of each frame, in milliseconds.
const SHARE = 8;

async function main() {
  const [data, mae, mse] = await Promise.all([fetch('data.json').then((answer) => answer.json()), load('./mae/'), load('./mse/')]);
  const walk = new Walk({ mae, mse }, data.train, data.test);
  const drawLine = scatter(data.train, data.test);
  const surface = new Surface(walk, (place) => put(place), (text) => (find('under').textContent = text || 'each point is a line; deeper colour, smaller loss'));
  const chart = new LineChart(find('curve', HTMLElement), {
    title: 'The loss after each batch',
    x: 'batches',
    y: 'loss',
    log: true,
    series: { train: { name: 'training files', colour: '--accent' }, test: { name: 'test files', colour: '--second', dashed: true } },
  });
  chart.least = 20;

  const kernel = slider('kernel', { min: -0.06, max: 0.2, steps: 520, format: (value) => fixed(value, 4), input: (value) => put({ ...walk.here, kernel: value }) });
  const bias = slider('bias', { min: -0.35, max: 0.5, steps: 425, format: (value) => fixed(value, 4), input: (value) => put({ ...walk.here, bias: value }) });
  const size = slider('size', { min: 0.1, max: 10000, log: true, format: (value) => (value < 1000 ? `${digits(value, 2)} MB` : `${digits(value / 1000, 2)} GB`), input: () => answer() });
  const rate = slider('rate', { min: 0.0001, max: 0.2, log: true, format: (value) => digits(value, 2), input: (value) => walk.setRate(value) });
  const batch = slider('batch', { min: 1, max: 20, steps: 19, format: (value) => (value === 1 ? '1 file' : `${value} files`), input: (value) => (walk.batchSize = value) });
  const speed = slider('speed', { min: 2, max: 2000, log: true, format: (value) => `${digits(value, 2)} batches/s` });
  const loss = choice('loss', (name) => {
    walk.measure(/** @type {LossName} */ (name));
    surface.changed();
    show();
  });
  const button = find('train', HTMLButtonElement), verdict = find('verdict', HTMLElement);
  let running = false;

  /** Move the weights by hand. @param {Place} place */
  function put(place) {
    walk.move(place);
    show();
  }

  function answer() {
    // The exported prediction, on this thread and at once.
    const seconds = /** @type {Float32Array} */ (walk.model.predictSync([[size.value]]))[0];
    find('answer').textContent = Math.abs(seconds) < 120 ? `${fixed(seconds, 2)} seconds` : Math.abs(seconds) < 7200 ? `${fixed(seconds / 60, 1)} minutes` : `${digits(seconds / 3600)} hours`;
  }

  function show() {
    const { here, curve } = walk;
    drawLine(here);
    surface.show();
    kernel.value = here.kernel;
    bias.value = here.bias;
    find('equation').textContent = `seconds = ${fixed(here.kernel, 4)} × megabytes ${here.bias < 0 ? '−' : '+'} ${fixed(Math.abs(here.bias), 4)}`;
    find('loss').textContent = digits(lossOf(walk.loss, data.train, here.kernel, here.bias));
    find('test-loss').textContent = digits(lossOf(walk.loss, data.test, here.kernel, here.bias));
    find('epochs').textContent = walk.epochs.toLocaleString('en');
    find('batches').textContent = walk.batches.toLocaleString('en');
    chart.set('train', curve.x, curve.train);
    chart.set('test', curve.x, curve.test);
    answer();
    judge();
  }

  /** What the numbers say, where they say something. */
  function judge() {
    const [first, last] = [walk.curve.train[0], lossOf(walk.loss, data.train, walk.here.kernel, walk.here.bias)];
    if (walk.lost || (last > 20 * first && walk.batches > 3)) {
      verdict.textContent = `The loss grows: at a learning rate of ${digits(walk.rate, 2)} each step leaps over the valley and lands higher up. Lower the rate, then reset.`;
      verdict.classList.add('warning');
    } else if (surface.best && walk.batches && last < 1.02 * surface.best.loss) {
      verdict.textContent = `At the bottom: no line has a loss below ${digits(surface.best.loss)}.`;
      verdict.classList.remove('warning');
    } else verdict.textContent = '';
    verdict.hidden = !verdict.textContent;
    if (walk.lost) stop();
  }

  function stop() {
    running = false;
    button.textContent = 'Train';
  }

  async function run() {
    running = true;
    button.textContent = 'Pause';
    let due = 1, last = performance.now();
    while (running) {
      const begin = performance.now();
      due = Math.min(due + ((begin - last) / 1000) * speed.value, speed.value);
      last = begin;
      const before = walk.batches;
      for (; due >= 1 && running && !walk.lost && performance.now() - begin < SHARE; due--) await walk.step();
      if (walk.batches !== before) show();
      await frame();
    }
  }

  const start = (/** @type {Place} */ from) => {
    stop();
    walk.restart(from);
    surface.home();
    show();
  };
  button.addEventListener('click', () => {
    if (running) return stop();
    if (walk.lost) start(START);
    run();
  });
  find('one-batch').addEventListener('click', async () => {
    stop();
    await walk.step();
    show();
  });
  find('one-epoch').addEventListener('click', async () => {
    stop();
    await walk.epoch();
    show();
  });
  find('reset').addEventListener('click', () => start(START));
  for (const element of document.querySelectorAll('[data-try]')) {
    element.addEventListener('click', () => {
      const wanted = TRIES[/** @type {HTMLElement} */ (element).dataset.try ?? ''];
      stop();
      loss.value = wanted.loss;
      walk.measure(wanted.loss);
      set(wanted);
      surface.changed();
      start(wanted.from);
      find('surface').scrollIntoView({ block: 'nearest' });
      run();
    });
  }

  /** @param {{rate: number, batch: number, speed: number}} wanted */
  function set(wanted) {
    rate.value = wanted.rate;
    batch.value = wanted.batch;
    speed.value = wanted.speed;
    walk.setRate(wanted.rate);
    walk.batchSize = wanted.batch;
  }

  set({ rate: 0.01, batch: 20, speed: 30 });
  size.value = 100;
  find('device').textContent = mse.choice.why;
  for (const element of document.querySelectorAll('button:disabled')) /** @type {HTMLButtonElement} */ (element).disabled = false;
  show();
}

main().catch((error) => {
  const problem = find('problem', HTMLElement);
  problem.textContent = `This page could not start: ${error.message}`;
  problem.hidden = false;
  throw error;
});
