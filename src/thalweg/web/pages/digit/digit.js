/** @file Draw a digit: the network reads the drawing as it grows, and learns from corrections. */

import { load } from './model/thalweg.js';
import { find } from '../common/dom.js';
import { learn, parseExamples } from './lesson.js';
import { Pad } from './pad.js';
import { readCorrections, writeCorrections } from './store.js';
import { Eye, paint } from './strokes.js';

/** @typedef {import('./store.js').Correction} Correction */

const SAVED = 'indexeddb://digit';

const pad = new Pad(find('pad')), eye = new Eye();
const bars = find('bars'), answers = find('answers'), verdict = find('verdict'), said = find('lesson');
const undo = find('undo', HTMLButtonElement), clear = find('clear', HTMLButtonElement), forget = find('forget', HTMLButtonElement);

/** @type {Correction[]} */
let corrections = [];
/** @type {Float32Array | null} */
let image = null;
let guess = -1, learning = false, frame = 0;

for (let digit = 0; digit < 10; digit++) {
  bars.insertAdjacentHTML('beforeend', `<li><span>${digit}</span><i></i><span></span></li>`);
  answers.insertAdjacentHTML('beforeend', `<button type="button" disabled>${digit}</button>`);
}

/** @param {unknown} error */
function complain(error) {
  find('problem').textContent = error instanceof Error ? error.message : String(error);
  find('problem').hidden = false;
}

/** @param {Float32Array} probabilities */
const largest = (probabilities) => probabilities.indexOf(Math.max(...probabilities));

/** @param {Float32Array | null} probabilities */
function showBars(probabilities) {
  const best = probabilities ? largest(probabilities) : -1;
  [...bars.children].forEach((row, digit) => {
    const share = probabilities?.[digit] ?? 0;
    row.classList.toggle('first', digit === best);
    /** @type {HTMLElement} */ (row).style.setProperty('--share', share.toFixed(4));
    /** @type {HTMLElement} */ (row.lastElementChild).textContent = probabilities ? percent(share) : '';
  });
  return best;
}

/** @param {number} share */
const percent = (share) => (share > 0 && share < 0.001 ? '< 0.1 %' : `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`);

/** @param {number} best @param {number} share */
function showVerdict(best, share) {
  const how = share > 0.9 ? 'It is sure' : share > 0.6 ? 'It thinks so' : 'It is guessing';
  verdict.innerHTML = best < 0 ? '' : `<b>${best}</b> ${how}: ${percent(share)}.`;
}

function enable() {
  const drawn = pad.strokes.length > 0;
  undo.disabled = clear.disabled = !drawn;
  forget.disabled = !corrections.length || learning;
  for (const button of answers.children) /** @type {HTMLButtonElement} */ (button).disabled = !drawn;
}

/** @param {Correction} correction */
function thumbnail({ digit, guess, image }) {
  const item = document.createElement('li'), canvas = item.appendChild(document.createElement('canvas'));
  paint(canvas, image);
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', `A drawn ${digit}`);
  item.insertAdjacentHTML('beforeend', digit === guess ? `<span>${digit}</span>` : `<span>${digit}, not <s>${guess}</s></span>`);
  return item;
}

function showCorrections() {
  find('count').textContent = String(corrections.length);
  find('thumbnails').replaceChildren(...[...corrections].reverse().map(thumbnail));
  enable();
}

async function begin() {
  const bytes = fetch('examples.bin').then(async (response) => {
    if (!response.ok) throw new Error(`The examples cannot be fetched: the server answers ${response.status}.`);
    return new Uint8Array(await response.arrayBuffer());
  });
  // Small enough that no message to another thread or to a GPU is worth its time.
  const model = await load('./model/', { device: 'wasm', threads: 1 });
  const { remembered, exam } = parseExamples(await bytes);

  /** @param {string} id */
  const examine = async (id) => {
    const { accuracy } = await model.evaluate(exam.x, exam.y), total = exam.y.length;
    find(id).innerHTML = `${Math.round(accuracy * total)} <small>of ${total} right</small>`;
  };

  /** The mean of so many predictions, since a browser's clock counts in steps of 5 to 100 µs. */
  const time = () => {
    if (!image) return;
    const times = 100, start = performance.now();
    for (let i = 0; i < times; i++) model.predictSync(image);
    const microseconds = ((performance.now() - start) / times) * 1000;
    find('latency').textContent = `read in ${Math.round(microseconds)} µs`;
  };

  const read = () => {
    frame = 0;
    image = pad.strokes.length ? eye.look(pad.strokes) : null;
    paint(find('seen', HTMLCanvasElement), image ?? new Float32Array(784));
    const probabilities = image && model.predictSync(image);
    guess = showBars(probabilities);
    showVerdict(guess, probabilities ? probabilities[guess] : 0);
    find('invitation').hidden = image !== null;
    enable();
  };

  const correct = async (/** @type {number} */ digit) => {
    if (!image || learning) return;
    learning = true;
    pad.finished = true; // what is drawn from now on is another digit
    enable();
    const correction = { digit, guess, image: Uint8Array.from(image, Math.round) };
    said.textContent = 'Learning…';
    try {
      const { steps, milliseconds } = await learn(model, [...corrections, correction], remembered, (probabilities) => {
        showVerdict(showBars(probabilities), Math.max(...probabilities));
      });
      corrections.push(correction);
      await model.save(SAVED);
      writeCorrections(corrections);
      const reading = largest(model.predictSync(correction.image));
      read();
      const took = `${steps} steps of training in ${Math.round(milliseconds)} ms`;
      said.textContent = reading === digit ? `Learned in ${took}. Draw the next one.`
        : `After ${took} it still reads a ${reading}. Tell it again, or draw it in another way.`;
      await examine('after');
    } catch (error) {
      complain(error);
    }
    learning = false;
    showCorrections();
  };

  pad.addEventListener('draw', () => {
    verdict.ariaBusy = 'true'; // it is read aloud when the pen rests
    frame ||= requestAnimationFrame(read);
  });
  pad.addEventListener('rest', () => {
    if (frame) cancelAnimationFrame(frame);
    read();
    verdict.ariaBusy = 'false';
    time();
  });
  undo.addEventListener('click', () => pad.undo());
  clear.addEventListener('click', () => pad.clear());
  [...answers.children].forEach((button, digit) => button.addEventListener('click', () => correct(digit)));
  document.addEventListener('keydown', ({ key, ctrlKey, metaKey, altKey }) => {
    if (/^\d$/.test(key) && !ctrlKey && !metaKey && !altKey) correct(Number(key));
  });
  forget.addEventListener('click', async () => {
    model.reset();
    corrections = [];
    writeCorrections(corrections);
    await model.save(SAVED);
    showCorrections();
    said.textContent = 'It is again as it came from Python.';
    read();
    await examine('after');
  });

  await examine('before');
  try {
    if (await model.restore(SAVED)) corrections = readCorrections();
  } catch {
    complain('What was learned here belongs to another network and is left aside.');
  }
  await examine('after');
  showCorrections();
  showBars(null);
  read();
  const weights = model.states.filter((state) => state.role === 'weight').reduce((sum, state) => sum + state.shape.reduce((a, b) => a * b, 1), 0);
  find('machine').textContent = `The network has ${weights.toLocaleString('en')} weights in two convolutions and a dense layer; it runs and learns in WebAssembly.`;
  document.documentElement.dataset.ready = 'true';
}

async function workOffline() {
  if (!('serviceWorker' in navigator)) return;
  await navigator.serviceWorker.register('sw.js');
  await navigator.serviceWorker.ready;
  find('offline').textContent = ', and the page works without a network, too';
  document.documentElement.dataset.offline = 'true';
}

begin().catch(complain);
workOffline().catch(() => {}); // a private window may refuse; all else works
