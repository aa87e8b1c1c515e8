/** @file Random orders of samples, the same as Python draws: Threefry-2x32 with 20 rounds. */

// By how many bits four rounds turn a word, in bytes from the lowest: 13, 15, 26, 6, and 17, 29, 16, 24 in the next four.
const TURNS = [0x061a0f0d, 0x18101d11];

/** @param {number} word @param {number} by the lower five bits of it count, as shifts have it */
const turned = (word, by) => (word << by) | (word >>> (32 - by));

/**
 * The order that a key gives: every sample gets 64 random bits, and they are sorted by them.
 * @param {number} seed
 * @param {number} count
 * @param {number} samples
 */
export function drawOrder(seed, count, samples) {
  const words = new Uint32Array(2 * samples), third = seed ^ count ^ 0x1bd11bda, schedule = Int32Array.of(seed, count, third, seed, count, third, seed);
  for (let block = 0; block < samples; block++) {
    let a = (block + seed) | 0, b = count | 0;
    for (let i = 0; i < 5; ) {
      const by = TURNS[i++ & 1]; // a loop over the four would take a third longer
      b = turned(b, by) ^ (a = (a + b) | 0);
      b = turned(b, by >> 8) ^ (a = (a + b) | 0);
      b = turned(b, by >> 16) ^ (a = (a + b) | 0);
      b = turned(b, by >> 24) ^ (a = (a + b) | 0);
      a = (a + schedule[i]) | 0;
      b = (b + schedule[i + 1] + i) | 0;
    }
    words[2 * block] = a;
    words[2 * block + 1] = b;
  }
  // Random bits are spread evenly: buckets by the upper ones, about one for each sample, leave little to sort.
  const high = words.subarray(samples), order = new Uint32Array(samples), shift = Math.clz32(samples), ends = new Uint32Array(2 ** (32 - shift));
  for (let i = 0; i < samples; i++) ends[high[i] >>> shift]++;
  for (let i = 1; i < ends.length; i++) ends[i] += ends[i - 1];
  for (let i = samples; i--; ) order[--ends[high[i] >>> shift]] = i;
  for (let i = 1; i < samples; i++) {
    const one = order[i];
    let j = i;
    for (; j && (high[order[j - 1]] - high[one] || words[order[j - 1]] - words[one]) > 0; j--) order[j] = order[j - 1];
    order[j] = one;
  }
  return order;
}
