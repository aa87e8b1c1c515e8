/** @file What a visitor enters: numbers, a text with many of them, or a picture. */

import { fromImage } from '../thalweg.js';

/** @typedef {{name: string, shape: number[], dtype: string}} Spec */
/** @typedef {{read: () => ArrayLike<number>, random: () => void}} Field what it holds, and how to fill it */

const FEW = 32;
/** @type {Record<string, [number, number]>} */
const RANGES = { 'from 0 to 1': [1 / 255, 0], 'from 0 to 255': [1, 0], 'from −1 to 1': [2 / 255, -1] };

/** @param {Spec} spec */
export const sizeOf = ({ shape }) => shape.reduce((all, length) => all * length, 1);

/** A number of the kind that networks are used to. @param {Spec} spec */
export const anyNumber = ({ dtype }) =>
  dtype.includes('int') ? Math.floor(Math.random() * 10) : Number((Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random())).toFixed(3));

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {object} [properties]
 * @param {...(Node | string)} children
 */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/**
 * A field for an input.
 * @param {Spec} spec
 * @param {HTMLElement} host
 * @param {() => void} changed
 * @param {(error: unknown) => void} failed
 * @returns {Field}
 */
export function field(spec, host, changed, failed) {
  const [height, width, channels] = spec.shape, size = sizeOf(spec);
  host.append(element('h3', {}, `${spec.name}: ${size} number${size > 1 ? 's' : ''}${spec.shape.length > 1 ? ` (${spec.shape.join(' × ')})` : ''}`));
  if (spec.shape.length === 3 && (channels === 1 || channels === 3)) return picture(host, { width, height, channels }, changed, failed);
  if (size > FEW) {
    const box = host.appendChild(element('textarea', { ariaLabel: spec.name, spellcheck: false, oninput: changed }));
    return {
      read: () => box.value.split(/[\s,;]+/).filter(Boolean).map(Number),
      random: () => (box.value = Array.from({ length: size }, () => anyNumber(spec)).join(', ')),
    };
  }
  const boxes = Array.from({ length: size }, (_, i) => element('input', { type: 'number', step: 'any', value: '0', oninput: changed, ariaLabel: `${spec.name} ${i + 1}` }));
  host.append(element('div', { className: 'fields' }, ...boxes));
  return { read: () => boxes.map((box) => box.valueAsNumber), random: () => boxes.forEach((box) => (box.valueAsNumber = anyNumber(spec))) };
}

/**
 * @param {HTMLElement} host
 * @param {{width: number, height: number, channels: 1 | 3}} form
 * @param {() => void} changed
 * @param {(error: unknown) => void} failed
 * @returns {Field}
 */
function picture(host, form, changed, failed) {
  const { width, height, channels } = form;
  let values = new Float32Array(width * height * channels);
  /** @type {any} */
  let source = null;
  const view = element('canvas', { width, height, className: 'picture', ariaLabel: 'What the model sees' });
  const range = element('select', { onchange: () => look() }, ...Object.keys(RANGES).map((name) => element('option', {}, name)));
  const invert = element('input', { type: 'checkbox', onchange: () => look() });
  const show = () => {
    const [scale, offset] = RANGES[range.value], pixels = new ImageData(width, height);
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = (values[channels * i + Math.min(c, channels - 1)] - offset) / scale;
      pixels.data[4 * i + 3] = 255;
    }
    view.getContext('2d')?.putImageData(pixels, 0, 0);
  };
  const look = () => {
    const [scale, offset] = RANGES[range.value];
    if (source) values = fromImage(source, { ...form, scale, offset, invert: invert.checked });
    else values = values.map(() => 255 * Math.random() * scale + offset);
    show();
    changed();
  };
  const file = element('input', { type: 'file', accept: 'image/*' });
  file.onchange = async () => {
    try {
      if (file.files?.[0]) source = await createImageBitmap(file.files[0]);
      look();
    } catch {
      failed(new Error(`${file.files?.[0].name} is no picture that this browser can read.`));
    }
  };
  const camera = element('button', { type: 'button', textContent: 'Camera' });
  const video = element('video', { muted: true, playsInline: true });
  camera.onclick = async () => {
    try {
      const stream = /** @type {MediaStream | null} */ (video.srcObject);
      stream?.getTracks().forEach((track) => track.stop());
      video.srcObject = stream ? null : await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
      camera.textContent = stream ? 'Camera' : 'Stop the camera';
      if (stream) return;
      await video.play();
      source = video;
      const watch = () => {
        if (!video.srcObject) return;
        look();
        requestAnimationFrame(watch);
      };
      watch();
    } catch (error) {
      failed(error);
    }
  };
  host.append(element('div', { className: 'buttons' }, element('label', { className: 'button' }, 'A picture', file), camera),
    view, element('div', { className: 'fields' }, element('label', {}, 'Pixels', range), element('label', {}, 'Invert', invert)));
  return {
    read: () => values,
    random: () => {
      source = null;
      look();
    },
  };
}
