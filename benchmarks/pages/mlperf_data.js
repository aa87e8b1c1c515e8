/** The shapes of MLPerf Tiny's networks, data for them, and how their steps are timed. */

import { oneHot, random } from './timing.js';

export const NETWORKS = {
  ds_cnn: { shape: [49, 10, 1], outputs: 12, batch: 32, target: 'number' },
  mobilenet: { shape: [96, 96, 3], outputs: 2, batch: 32, target: 'one-hot' },
  resnet: { shape: [32, 32, 3], outputs: 10, batch: 32, target: 'one-hot' },
  autoencoder: { shape: [640], outputs: 640, batch: 32, target: 'input' },
};

/** A batch of inputs and targets. */
export function batchOf({ shape, outputs, batch, target }) {
  const x = random(batch * shape.reduce((a, b) => a * b, 1));
  if (target === 'input') return { x, y: x };
  if (target === 'number') return { x, y: Float32Array.from({ length: batch }, () => Math.floor(Math.random() * outputs)) };
  return { x, y: oneHot(batch, outputs) };
}

/**
 * Microseconds of a step: the fastest of several, since steps may take seconds and others disturb.
 *
 * @param {() => Promise<unknown>} step
 */
export async function fastest(step) {
  await step();
  let found = Infinity;
  const end = performance.now() + 2000;
  for (let count = 0; count < 2 || (performance.now() < end && count < 1000); count++) {
    const begin = performance.now();
    await step();
    found = Math.min(found, performance.now() - begin);
  }
  return 1e3 * found;
}
