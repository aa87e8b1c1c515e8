/** @file The live view of a training: news come in, what is seen is drawn. */

import { choice } from './dom.js';
import { Curves } from './live_curves.js';
import { Health } from './live_health.js';
import { Link } from './live_link.js';
import { Runs } from './live_runs.js';
import { StatusCard } from './live_status.js';
import { Weights } from './live_weights.js';

const runs = new Runs();

// What nobody sees is not drawn: that would take time from the training. It is drawn when it is
// scrolled to, or when the tab is looked at again.
/** @type {Map<Element, () => void>} */
const drawings = new Map();
/** @type {Set<Element>} */
const seen = new Set();
const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting === seen.has(target)) continue;
    if (isIntersecting) seen.add(target);
    else seen.delete(target);
    if (isIntersecting) drawings.get(target)?.();
  }
}, { rootMargin: '100px' });

/** @param {Element} element @param {() => void} draw */
function draws(element, draw) {
  drawings.set(element, draw);
  observer.observe(element);
}

/** @type {Link | undefined} */
let link;
const status = new StatusCard(async (run) => (link ? link.stop(run) : false));
const curves = new Curves(draws);
const health = new Health(draws);
const weights = new Weights(draws);
const axis = choice('axis', show);
const epochs = /** @type {HTMLInputElement} */ (document.querySelector('input[name="axis"][value="epochs"]'));

function show() {
  if (document.hidden) return;
  // Before the length of an epoch is known, steps are.
  epochs.disabled = !runs.knowsEpochs;
  const chosen = /** @type {import('./live_runs.js').Axis} */ (axis.value);
  const shown = chosen === 'epochs' && epochs.disabled ? 'steps' : chosen;
  curves.show(runs, shown);
  health.show(runs, shown);
  weights.show(runs, shown);
  for (const element of seen) drawings.get(element)?.();
}

/** @param {import('./live_runs.js').News} news */
function take(news) {
  runs.take(news);
  status.show(runs.now, news.every);
  show();
}

document.addEventListener('visibilitychange', show);

const saved = document.getElementById('data');
if (saved) {
  status.connected('saved');
  take(JSON.parse(saved.textContent ?? ''));
} else {
  link = new Link({ news: take, state: (state) => status.connected(state) });
  link.run();
}

