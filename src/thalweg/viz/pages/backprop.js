/** @file The page of a backward pass: steps through it, and computes it anew when an input is changed. */

import { load } from '../../web/runtime/dist/thalweg.js';
import { find, slider } from '../../web/pages/common/dom.js';
import { graph } from './backprop_graph.js';
import { knobRows } from './backprop_knobs.js';
import { happening, inLine } from './backprop_words.js';

/**
 * @typedef {import('./backprop_words.js').Pass & {
 *   function: string,
 *   files: Record<string, string>,
 *   within: boolean,
 *   knobs: import('./backprop_knobs.js').Knob[],
 *   scenes: Record<'LR' | 'TB', import('./backprop_graph.js').Scene>,
 *   sizes: import('./backprop_graph.js').Sizes,
 * }} Data
 */

const PAUSE = 1400; // milliseconds between two steps
const FRAME = 24; // pixels around a graph
const LEAST = 0.85, MOST = 1.35; // how much smaller or larger than drawn a graph may be; then it scrolls

/** @param {string} text in base64 */
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

async function main() {
  /** @type {Data} */
  const data = JSON.parse(find('data').textContent ?? '');
  const files = Object.entries(data.files).map(([name, text]) => new File([bytes(text)], name));
  const model = await load(files, { device: 'wasm', worker: false, threads: 1 });
  const stage = find('stage', HTMLElement), count = data.steps.length;
  /** @type {import('./backprop_words.js').Results} */
  let results = [];
  let done = count, pointing = false;
  /** @type {ReturnType<typeof graph> | undefined} */
  let picture;
  /** @type {'LR' | 'TB' | undefined} */
  let direction;
  /** @type {number | undefined} */
  let timer;

  const knobs = knobRows(find('knobs'), data.knobs, () => compute());
  const track = slider('step', { min: 0, max: count, steps: count, format: (value) => `${Math.round(value)} of ${count}`, input: (value) => go(Math.round(value)) });

  function compute() {
    const found = model.callSync(data.function, ...knobs.values());
    const arrays = ArrayBuffer.isView(found) ? [found] : Object.values(found);
    results = arrays.map((array) => Array.from(array, Number));
    show();
  }

  function show() {
    picture?.show(results, done, pointing);
    if (pointing && direction) {
      const { boxes, width } = data.scenes[direction];
      // Where the graph is wider than the page, what happens is in the middle.
      stage.scrollLeft = (boxes[data.steps[done - 1].node][0] / width) * stage.scrollWidth - stage.clientWidth / 2;
    }
    const step = pointing ? data.steps[done - 1] : undefined, told = step && happening(data, step, results);
    find('words-title').textContent = told ? told.title : done ? 'All steps' : 'Before the first step';
    find('words').replaceChildren(...(told?.lines ?? [[{ text: done ? ended() : 'Only the inputs are known.' }]]).map((pieces) => {
      const line = document.createElement('p');
      line.append(...pieces.map(({ text, kind }) => Object.assign(document.createElement('span'), { textContent: text, className: kind ?? '' })));
      return line;
    }));
    track.value = done;
    for (const [id, off] of /** @type {[string, boolean][]} */ ([['first', !done], ['back', !done], ['next', done === count && !pointing], ['last', done === count && !pointing]])) {
      find(id, HTMLButtonElement).disabled = off;
    }
    const shown = (/** @type {number | null} */ result, /** @type {number[]} */ shape) => (result === null ? '–' : inLine(results[result], shape, data.brief));
    find('table').replaceChildren(...data.nodes.map(({ label, shape, value, gradient }) => {
      const row = document.createElement('tr');
      row.append(...[label, shown(value, shape), shown(gradient, shape)].map((text, i) => Object.assign(document.createElement(i ? 'td' : 'th'), { textContent: text, scope: i ? undefined : 'row' })));
      return row;
    }));
  }

  /** What the end of the pass says: the result, and the gradient of each input. */
  function ended() {
    const last = /** @type {import('./backprop_words.js').Edge} */ (data.edges.at(-1));
    const leaves = data.nodes.filter(({ kind, gradient }) => (kind === 'input' || kind === 'variable') && gradient !== null).slice(0, 6);
    const told = leaves.map(({ label, gradient, shape }) => `${inLine(results[gradient ?? 0], shape, data.brief)} for ${label}`);
    const result = inLine(results[last.value], last.shape, data.brief);
    return `The result ${result.startsWith('norm') ? 'has' : 'is'} ${result}${told.length ? `; ${data.within ? 'the gradient of the loss' : 'its gradient'} is ${told.join(', ')}` : ''}.`;
  }

  /** @param {number} step */
  function go(step) {
    done = Math.min(count, Math.max(0, step));
    pointing = done > 0;
    show();
  }

  function all() {
    done = count;
    pointing = false;
    show();
  }

  function stop() {
    clearInterval(timer);
    timer = undefined;
    find('play').textContent = 'Play';
  }

  function play() {
    if (timer !== undefined) return stop();
    if (done === count) go(0);
    find('play').textContent = 'Pause';
    timer = setInterval(() => {
      if (done < count) return go(done + 1);
      stop();
      all();
    }, PAUSE);
  }

  const actions = {
    first: () => go(0),
    // At the end everything is shown, with nothing standing out; one step back is the last step.
    back: () => go(pointing || done < count ? done - 1 : count),
    next: () => (done < count ? go(done + 1) : all()),
    last: () => all(),
  };
  for (const [id, action] of Object.entries(actions)) {
    find(id).addEventListener('click', () => {
      stop();
      action();
    });
  }
  find('play').addEventListener('click', play);
  find('reset').addEventListener('click', () => knobs.reset());
  document.addEventListener('keydown', (event) => {
    const on = /** @type {Element} */ (event.target);
    if (event.ctrlKey || event.altKey || event.metaKey || on.closest('input, summary') || (event.key === ' ' && on.closest('button'))) return;
    /** @type {Record<string, () => void>} */
    const keys = { ArrowLeft: actions.back, ArrowRight: actions.next, Home: actions.first, End: actions.last, ' ': play };
    const action = keys[event.key];
    if (!action) return;
    event.preventDefault();
    if (action !== play) stop();
    action();
  });

  new ResizeObserver(() => {
    const room = stage.clientWidth - FRAME, { LR, TB } = data.scenes;
    const wanted = LEAST * LR.width <= room || LR.width <= TB.width ? 'LR' : 'TB';
    if (wanted !== direction) {
      direction = wanted;
      picture = graph(stage, data, data.scenes[wanted], data.sizes);
      find('value-side').textContent = wanted === 'LR' ? 'above a line: the value' : 'left of a line: the value';
      find('gradient-side').textContent = wanted === 'LR' ? 'below it: the gradient' : 'right of it: the gradient';
      show();
    }
    picture?.fit(Math.max(LEAST, Math.min(MOST, room / data.scenes[wanted].width, wanted === 'LR' ? MOST : 1)));
  }).observe(stage);
  const scales = data.knobs.every(({ factor }) => factor);
  find('inputs').hidden = !data.knobs.length;
  find('inputs-note').hidden = !scales;
  if (scales) find('inputs-title').textContent = 'Scale the weights';
  compute();
  // The most lines that a step has: so that nothing below moves while one steps.
  find('words').style.setProperty('--lines', String(Math.max(...data.steps.map((step) => happening(data, step, results).lines.length))));
}

main().catch((/** @type {Error} */ error) => {
  const failure = find('failure', HTMLElement);
  failure.hidden = false;
  failure.textContent = `The page cannot compute: ${error.message}`;
  throw error;
});
