/** @file A canvas that is crisp on every screen and painted anew when its size or the theme changes. */

const probe = document.createElement('span');
/** @type {Map<string, string>} */
const known = new Map();
document.addEventListener('themechange', () => known.clear());

/**
 * The colour of a custom property now, as a canvas takes it.
 * @param {string} name such as `--accent`
 */
export function colour(name) {
  let found = known.get(name);
  if (found === undefined) {
    // The property holds light-dark(...): only a real colour property is resolved.
    probe.hidden = true;
    document.body.append(probe);
    probe.style.color = `var(${name})`;
    found = getComputedStyle(probe).color;
    probe.remove();
    known.set(name, found);
  }
  return found;
}

/** @param {string} name of a custom property; its red, green, blue from 0 to 255 */
export function channels(name) {
  return (colour(name).match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
}

/** The type on canvases: that of the page. */
export function font(size = 12, weight = 400) {
  return `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
}

/**
 * @param {HTMLCanvasElement} canvas its size is that of its box in the page
 * @param {(context: CanvasRenderingContext2D, width: number, height: number) => void} paint in CSS pixels
 * @returns {() => void} asks for a new painting at the next frame
 */
export function painted(canvas, paint) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  let waiting = false;
  const now = () => {
    waiting = false;
    const { width, height } = canvas.getBoundingClientRect();
    if (!width || !height) return;
    const ratio = devicePixelRatio || 1;
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== w) canvas.width = w;
    if (canvas.height !== h) canvas.height = h;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    paint(context, width, height);
  };
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(now);
  };
  new ResizeObserver(soon).observe(canvas);
  document.addEventListener('themechange', soon);
  return soon;
}
