/** @file Element types: how numbers lie in files and memory, and how a user's data become such arrays. */

/** @typedef {import('./api.js').TypedArray} TypedArray */
/** @typedef {import('./api.js').Bytes} Bytes */

/** @param {string} text @returns {never} */
export function fail(text) {
  throw new Error(text);
}

/** @param {readonly number[]} shape */
export const product = (shape) => shape.reduce((a, b) => a * b, 1);

/** @type {Record<string, string>} those that are not called like their type; halves are kept as their bits */
const KINDS = { bool: 'Uint8', float16: 'Uint16', bfloat16: 'Uint16', int64: 'BigInt64', uint64: 'BigUint64' };

/** The kind of array that holds elements as they lie in memory. @param {string} dtype @returns {any} */
export const arrayOf = (dtype) => /** @type {any} */ (globalThis)[(KINDS[dtype] ?? dtype[0].toUpperCase() + dtype.slice(1)) + 'Array'];

/** @param {{shape: readonly number[], dtype: string}} state */
export const bytesIn = ({ shape, dtype }) => product(shape) * arrayOf(dtype).BYTES_PER_ELEMENT;

/** @param {any} array a typed one @returns {Bytes} */
export const bytesOf = (array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/**
 * Numbers for a user, in an array of their own: halves as Float32Array, others in the array of their type.
 * @param {string} dtype
 * @param {Uint8Array} bytes as they lie in memory
 * @returns {TypedArray}
 */
export function decode(dtype, bytes) {
  const raw = new (arrayOf(dtype))(bytes.slice().buffer);
  if (dtype === 'bfloat16') return new Float32Array(Uint32Array.from(raw, (half) => half << 16).buffer);
  if (dtype !== 'float16') return raw;
  return Float32Array.from(raw, (half) => {
    const exponent = (half >> 10) & 31, fraction = half & 1023;
    const size = exponent > 30 ? (fraction ? NaN : Infinity) : exponent ? 2 ** (exponent - 25) * (1024 + fraction) : fraction * 2 ** -24;
    return half >> 15 ? -size : size;
  });
}

/**
 * Numbers as they lie in memory; the same array where it is such already.
 * @param {string} dtype
 * @param {any} values
 * @returns {TypedArray}
 */
export function encode(dtype, values) {
  const Kind = arrayOf(dtype);
  if (dtype.endsWith('float16')) fail(`${dtype} cannot be written.`);
  return values instanceof Kind ? values : Kind.from(values, Kind.name[0] === 'B' ? BigInt : Number);
}

/**
 * A user's data as one array, and how many samples they are.
 * @param {any} value a typed array, or nested lists of numbers
 * @param {{shape: readonly number[], dtype: string}} spec of one sample
 * @param {string} label what to call it in a message
 */
export function samples(value, { shape, dtype }, label) {
  const lengths = [], size = product(shape);
  let flat = value;
  for (let leaf = value; leaf?.length >= 0 && typeof leaf === 'object'; leaf = leaf[0]) lengths.push(leaf.length);
  if (lengths.length > 1) flat = value.flatMap((/** @type {any} */ row) => Array.from(row)).flat(Infinity);
  const rows = flat?.length / size;
  const odd = lengths[1] && rows > 1 && product(lengths.slice(1)) !== size;
  if (!(rows >= 1) || rows % 1 || odd || flat.length !== product(lengths)) fail(`${label} takes numbers of shape [n, ${shape}], got ${lengths[0] >= 0 ? `shape [${lengths}]` : value}.`);
  return { label, array: encode(dtype, flat), rows };
}
