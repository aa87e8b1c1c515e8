/** @file Small helpers for pages: elements by their id, and numbers as people read them. */

/**
 * @template {Element} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [type] what it has to be
 * @returns {T}
 */
export function find(id, type) {
  const element = document.getElementById(id);
  if (!element || (type && !(element instanceof type))) throw new Error(`the page has no ${type?.name ?? 'element'} #${id}`);
  return /** @type {any} */ (element);
}

/**
 * The radio button that is chosen, and what to do when another one is.
 * @param {string} name
 * @param {(value: string) => void} changed
 */
export function choice(name, changed) {
  const inputs = [...document.querySelectorAll(`input[name="${name}"]`)].map((input) => /** @type {HTMLInputElement} */ (input));
  for (const input of inputs) input.addEventListener('change', () => changed(input.value));
  return {
    get value() {
      return inputs.find((input) => input.checked)?.value ?? '';
    },
    /** @param {string} value */
    set value(value) {
      for (const input of inputs) input.checked = input.value === value;
    },
  };
}

/**
 * A slider between two numbers, its value beside it; on a logarithmic one each step is a factor.
 * The position on the track is the input's own value, so the keyboard works as ever.
 * @param {string} id of the input; its value is written into the output of its label
 * @param {{min: number, max: number, log?: boolean, steps?: number, format: (value: number) => string, input?: (value: number) => void}} options
 */
export function slider(id, { min, max, log = false, steps = 200, format, input }) {
  const element = find(id, HTMLInputElement);
  const output = element.closest('label')?.querySelector('output');
  const place = log ? Math.log : (/** @type {number} */ x) => x;
  const back = log ? Math.exp : (/** @type {number} */ x) => x;
  const [low, high] = [place(min), place(max)];
  Object.assign(element, { min: '0', max: String(steps), step: '1' });
  let value = min;
  const show = () => {
    const text = format(value);
    if (output) output.textContent = text;
    element.setAttribute('aria-valuetext', text);
    element.style.setProperty('--share', String(Number(element.value) / steps));
  };
  element.addEventListener('input', () => {
    value = back(low + ((high - low) * Number(element.value)) / steps);
    show();
    input?.(value);
  });
  return {
    element,
    get value() {
      return value;
    },
    /** Beyond the ends the thumb stays at the end, and the number is told all the same. */
    set value(wanted) {
      value = wanted;
      const share = (place(wanted) - low) / (high - low);
      element.value = String(Math.round(Math.min(1, Math.max(0, share)) * steps));
      show();
    },
  };
}

/**
 * With so many digits that count: 0.0716, 12.3, 1,234.
 * @param {number} value
 * @param {number} [digits]
 */
export function digits(value, digits = 3) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'not a number' : value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  if (size >= 1e7 || (size > 0 && size < 1e-4)) return minus(value.toExponential(1).replace('e+', 'e'));
  const places = size === 0 ? digits - 1 : Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return minus(value.toLocaleString('en', { minimumFractionDigits: places, maximumFractionDigits: places }));
}

/**
 * With so many places after the point.
 * @param {number} value
 * @param {number} places
 */
export function fixed(value, places) {
  return Math.abs(value) < 1e6 ? minus(value.toFixed(places)) : digits(value);
}

/** @param {number} value */
export function dollars(value) {
  return minus(value.toLocaleString('en', { style: 'currency', currency: 'USD', maximumFractionDigits: 0 }));
}

/** @param {string} text with a sign as wide as a plus */
function minus(text) {
  return text.replace('-', '−');
}

/** The next frame of the screen; in a page that nobody sees, soon. */
export function frame() {
  return new Promise((resolve) => (document.hidden ? setTimeout(resolve, 16) : requestAnimationFrame(resolve)));
}
