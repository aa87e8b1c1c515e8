/** @file A figure that can be enlarged and moved: the view box of its SVG follows pointer and keys. */

const view = /** @type {HTMLElement} */ (document.getElementById('view'));
const svg = /** @type {SVGSVGElement} */ (view.querySelector('svg'));
const whole = svg.viewBox.baseVal;
const [left, top, width, height] = [whole.x, whole.y, whole.width, whole.height];
const MOST = 40;

let box = { x: left, y: top, scale: 1 };

function show() {
  const [w, h] = [width / box.scale, height / box.scale];
  box.x = Math.min(left + width - w, Math.max(left, box.x));
  box.y = Math.min(top + height - h, Math.max(top, box.y));
  svg.setAttribute('viewBox', `${box.x} ${box.y} ${w} ${h}`);
}

/**
 * @param {number} factor
 * @param {number} [across] where the picture stays in place, as a share of the view
 * @param {number} [down]
 */
function zoom(factor, across = 0.5, down = 0.5) {
  const scale = Math.min(MOST, Math.max(1, box.scale * factor));
  box.x += width * across * (1 / box.scale - 1 / scale);
  box.y += height * down * (1 / box.scale - 1 / scale);
  box.scale = scale;
  show();
}

/** @param {number} across @param {number} down as shares of the view */
function move(across, down) {
  box.x += (width / box.scale) * across;
  box.y += (height / box.scale) * down;
  show();
}

/** @param {{clientX: number, clientY: number}} event */
function place(event) {
  const { x, y, width: w, height: h } = view.getBoundingClientRect();
  return { across: (event.clientX - x) / w, down: (event.clientY - y) / h };
}

view.addEventListener('wheel', (event) => {
  event.preventDefault();
  const { across, down } = place(event);
  zoom(Math.exp(-event.deltaY / 300), across, down);
}, { passive: false });

/** @type {Map<number, {across: number, down: number}>} */
const fingers = new Map();

view.addEventListener('pointerdown', (event) => {
  view.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, place(event));
});
view.addEventListener('pointermove', (event) => {
  const before = fingers.get(event.pointerId), now = place(event);
  if (!before) return;
  const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
  if (other) {
    const apart = (/** @type {typeof now} */ a) => Math.hypot(a.across - other.across, a.down - other.down);
    zoom(apart(now) / Math.max(apart(before), 1e-3), (now.across + other.across) / 2, (now.down + other.down) / 2);
  } else {
    move(before.across - now.across, before.down - now.down);
  }
  fingers.set(event.pointerId, now);
});
for (const end of ['pointerup', 'pointercancel']) {
  view.addEventListener(end, (event) => fingers.delete(/** @type {PointerEvent} */ (event).pointerId));
}

view.addEventListener('keydown', (event) => {
  /** @type {Record<string, () => void>} */
  const actions = {
    '+': () => zoom(1.25), '=': () => zoom(1.25), '-': () => zoom(0.8),
    ArrowLeft: () => move(-0.1, 0), ArrowRight: () => move(0.1, 0),
    ArrowUp: () => move(0, -0.1), ArrowDown: () => move(0, 0.1),
    0: () => { box = { x: left, y: top, scale: 1 }; show(); },
  };
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});
