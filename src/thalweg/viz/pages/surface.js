/** @file The page of a loss surface: both pictures, and a walk along the paths. */

import { digits, find, slider } from './dom.js';
import { Heights } from './surface_heights.js';
import { SurfaceMap } from './surface_map.js';
import { SurfaceView } from './surface_view.js';

/** @type {import('./surface_heights.js').Data} */
const data = JSON.parse(/** @type {string} */ (find('data').textContent));
const heights = new Heights(data);
const reading = find('reading');

const view = new SurfaceView(find('view', HTMLCanvasElement), heights);
const map = new SurfaceMap(find('map', HTMLCanvasElement), heights, (place) => {
  view.cursor = place;
  view.redraw();
  reading.textContent = place ? `${data.metric} ${digits(heights.at(...place))} at ${digits(place[0])}, ${digits(place[1])}` : '';
});
const { best, present } = data;
const marks = [];
if (best) marks.push(`the ${best.word} point, ${digits(best.height)}, at ${best.place.map((v) => digits(v)).join(', ')}`);
if (present) marks.push(`the present weights, ${digits(present.height)}`);
map.canvas.setAttribute('aria-label', `${data.label} over ${data.names.join(' and ')}${marks.length ? '; marked: ' : ''}${marks.join('; ')}`);
find('front').addEventListener('click', () => view.reset());

const walk = find('walk');
walk.hidden = data.paths.length === 0;
if (data.paths.length) begin();

function begin() {
  const last = Math.max(...data.paths.map((path) => path.x.length - 1));
  const longest = data.paths.find((path) => path.x.length - 1 === last) ?? data.paths[0];
  if (data.paths.length > 1) find('walk-title').textContent = 'Along the paths';
  const legend = find('legend');
  const values = data.paths.map((path) => {
    const item = document.createElement('li'), sign = document.createElement('span'), value = document.createElement('b');
    sign.className = 'key';
    sign.style.setProperty('--key', `var(${path.colour})`);
    item.append(sign, path.name, value);
    legend.append(item);
    return value;
  });
  find('step-name').textContent = longest.unit[0].toUpperCase() + longest.unit.slice(1);
  const control = slider('step', {
    min: 0, max: last, steps: Math.max(1, last),
    format: (value) => `${longest.steps[Math.round(value)].toLocaleString('en')} of ${longest.steps[last].toLocaleString('en')}`,
    input: (value) => go(value),
  });

  /** @param {number} wanted */
  function go(wanted) {
    const step = Math.min(last, Math.max(0, Math.round(wanted)));
    control.value = step;
    view.step = map.step = step;
    data.paths.forEach((path, i) => {
      values[i].textContent = digits(path.losses[Math.min(step, path.losses.length - 1)]);
    });
    view.redraw();
    map.redraw();
  }

  const play = find('play');
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let running;
  const stop = () => {
    clearInterval(running);
    running = undefined;
    play.textContent = 'Play';
  };
  play.addEventListener('click', () => {
    if (running !== undefined) return stop();
    if (control.value >= last) go(0);
    play.textContent = 'Stop';
    // The whole way in about six seconds.
    running = setInterval(() => {
      go(control.value + 1);
      if (control.value >= last) stop();
    }, Math.min(400, Math.max(30, 6000 / last)));
  });
  find('back').addEventListener('click', () => (stop(), go(control.value - 1)));
  find('forward').addEventListener('click', () => (stop(), go(control.value + 1)));
  control.element.addEventListener('pointerdown', stop);
  control.element.addEventListener('keydown', stop);
  go(last);
}
