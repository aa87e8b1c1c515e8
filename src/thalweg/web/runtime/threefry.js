/** @file Random orders of samples, the same as Python draws: Threefry-2x32 with 20 rounds. */

const ROTATIONS = [[13, 15, 26, 6], [17, 29, 16, 24]];
// Numbers of samples fit beside the 32 upper bits in the 53 that a double holds exactly.
const MOST = 2 ** 21;

/**
 * The order that a key gives: every sample gets 64 random bits, and they are sorted by them.
 * @param {number} seed
 * @param {number} count
 * @param {number} samples
 * @returns {number[] | Int32Array}
 */
export function drawOrder(seed, count, samples) {
  const words = new Uint32Array(2 * samples), schedule = [seed, count, seed ^ count ^ 0x1bd11bda];
  for (let block = 0; block < samples; block++) {
    let a = (block + seed) | 0, b = count | 0;
    for (let i = 0; i < 5; i++) {
      for (const r of ROTATIONS[i & 1]) {
        a = (a + b) | 0;
        b = ((b << r) | (b >>> (32 - r))) ^ a;
      }
      a = (a + schedule[(i + 1) % 3]) | 0;
      b = (b + schedule[(i + 2) % 3] + i + 1) | 0;
    }
    words[2 * block] = a;
    words[2 * block + 1] = b;
  }
  const high = words.subarray(samples), order = new Int32Array(samples);
  const compare = (/** @type {number} */ i, /** @type {number} */ j) => high[i] - high[j] || words[i] - words[j] || i - j;
  if (samples > MOST) return order.map((_, i) => i).sort(compare);
  Float64Array.from(high, (h, i) => h * MOST + i).sort().forEach((key, i) => (order[i] = key % MOST));
  for (let i = 1; i < samples; i++) {
    // The same upper bits, which is rare: the lower ones decide.
    if (high[order[i]] === high[order[i - 1]]) return order.sort(compare);
  }
  return order;
}
