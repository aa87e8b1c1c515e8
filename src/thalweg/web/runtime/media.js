/** @file Pictures and sound as inputs of models. */

import { fail } from './dtypes.js';

/** The pixels of anything that a canvas can draw. @param {any} source @returns {ImageData} */
function pixelsOf(source) {
  if (source.data) return source;
  const width = source.videoWidth || source.naturalWidth || source.width, height = source.videoHeight || source.naturalHeight || source.height;
  if (!width || !height) fail('fromImage needs an ImageData, canvas, video or image that is loaded.');
  let context = source.getContext?.('2d');
  if (!context) {
    context = new OffscreenCanvas(width, height).getContext('2d');
    context.drawImage(source, 0, 0, width, height);
  }
  return context.getImageData(0, 0, width, height);
}

/**
 * For each place of an axis, which places of the given one it covers, and how much of each.
 * @param {number} from
 * @param {number} to
 */
const cover = (from, to) => Array.from({ length: to }, (_, i) => {
  const begin = (i * from) / to, end = ((i + 1) * from) / to;
  /** @type {[number, number][]} */
  const shares = [];
  for (let k = Math.floor(begin); k < end - 1e-9; k++) shares.push([k, (Math.min(k + 1, end) - Math.max(k, begin)) / (end - begin)]);
  return shares;
});

/**
 * A picture as numbers, rows of pixels of channels, each the mean of the area that it covers.
 * Transparent parts count as white.
 *
 * @param {ImageData | HTMLCanvasElement | OffscreenCanvas | HTMLVideoElement | HTMLImageElement | ImageBitmap} source
 * @param {object} options
 * @param {number} options.width
 * @param {number} options.height
 * @param {1 | 3} [options.channels] grey or RGB; 3 by default
 * @param {number} [options.scale] what values from 0 to 255 are multiplied with; 1 / 255 by default
 * @param {number} [options.offset] what is added then
 * @param {boolean} [options.invert] whether dark and light change places, as for ink on paper
 * @returns {Float32Array<ArrayBuffer>} height * width * channels numbers
 *
 * @example
 * const x = fromImage(canvas, { width: 28, height: 28, channels: 1, invert: true });
 * const probabilities = model.predictSync(x);
 */
export function fromImage(source, { width, height, channels = 3, scale = 1 / 255, offset = 0, invert = false }) {
  const image = pixelsOf(source), found = new Float32Array(width * height * channels);
  const columns = cover(image.width, width);
  let place = 0;
  for (const row of cover(image.height, height)) {
    for (const column of columns) {
      const sum = [255, 255, 255];
      for (const [j, high] of row) {
        for (const [i, wide] of column) {
          const at = 4 * (j * image.width + i), opaque = (high * wide * image.data[at + 3]) / 255;
          for (let c = 0; c < 3; c++) sum[c] -= opaque * (255 - image.data[at + c]);
        }
      }
      const [r, g, b] = sum;
      for (const value of channels > 1 ? sum : [0.299 * r + 0.587 * g + 0.114 * b]) found[place++] = (invert ? 255 - value : value) * scale + offset;
    }
  }
  return found;
}

/**
 * Sound as numbers: the mean of the channels, resampled, cut or filled up with silence.
 *
 * @param {AudioBuffer} source
 * @param {{length: number, sampleRate: number}} options
 * @returns {Float32Array<ArrayBuffer>} `length` numbers
 *
 * @example
 * const x = fromAudio(await context.decodeAudioData(bytes), { length: 16000, sampleRate: 16000 });
 */
export function fromAudio(source, { length, sampleRate }) {
  const count = source.numberOfChannels, channels = Array.from({ length: count }, (_, c) => source.getChannelData(c));
  return Float32Array.from({ length }, (_, i) => {
    const place = (i * source.sampleRate) / sampleRate, left = Math.floor(place), share = place - left;
    return channels.reduce((sum, x) => sum + (x[left] ?? 0) * (1 - share) + (x[left + 1] ?? x[left] ?? 0) * share, 0) / count;
  });
}
