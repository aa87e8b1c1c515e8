/** Matrix products by the functions of an exported module, without the runtime around them. */

/**
 * GFLOP/s of each product: the fastest of many short rounds, since others disturb.
 *
 * @param {any} program the contents of program.json
 * @param {BufferSource} code the module
 * @returns {Promise<Record<string, number>>}
 */
export async function products(program, code) {
  const { pages, stack } = program.wasm;
  const memory = new WebAssembly.Memory({ initial: pages + 1, maximum: 65536 });
  const top = new WebAssembly.Global({ value: 'i32', mutable: true }, stack.top);
  const env = { memory, __stack_pointer: top };
  const { instance } = await WebAssembly.instantiate(code, { env });
  /** @type {Record<string, number>} */
  const found = {};
  for (const [name, { inputs, cost }] of Object.entries(program.programs)) {
    for (const { address, shape } of /** @type {any[]} */ (inputs)) {
      const size = shape.reduce((/** @type {number} */ n, /** @type {number[]} */ d) => n * d[1], 1);
      const values = new Float32Array(memory.buffer, address, size);
      for (let i = 0; i < size; i++) values[i] = Math.random() - 0.5;
    }
    const call = /** @type {any} */ (instance.exports[program.programs[name].wasm.run]);
    found[name] = rate(() => call(1), cost.flops[1]);
  }
  return found;
}

/**
 * The same for TensorFlow.js.
 *
 * @param {any} tf with its backend set
 * @param {number[][]} sizes m, n, k
 */
export async function theirs(tf, sizes) {
  /** @type {Record<string, number>} */
  const found = {};
  for (const [m, n, k] of sizes) {
    const a = tf.randomNormal([m, k]), b = tf.randomNormal([k, n]);
    found[`matmul_${m}_${n}_${k}`] = rate(() => tf.matMul(a, b).dispose(), 2 * m * n * k);
    a.dispose();
    b.dispose();
  }
  return found;
}

/**
 * @param {() => unknown} call
 * @param {number} operations
 */
function rate(call, operations) {
  const calls = Math.max(1, Math.round(1e7 / operations));
  let best = Infinity;
  // Engines compile in the background while they run something simpler: that takes a while.
  const end = performance.now() + 600;
  for (let round = 0; performance.now() < end || round < 8; round++) {
    const begin = performance.now();
    for (let i = 0; i < calls; i++) call();
    best = Math.min(best, (performance.now() - begin) / calls);
  }
  return operations / best / 1e6;
}
