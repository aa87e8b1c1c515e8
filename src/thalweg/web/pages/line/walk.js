/** @file The walk of gradient descent: steps of the exported training program, and where they led. */

import { lossOf } from './losses.js';

/** @typedef {import('../thalweg.js').Model} Model */
/** @typedef {import('./losses.js').Files} Files */
/** @typedef {import('./losses.js').LossName} LossName */
/** @typedef {{kernel: number, bias: number}} Place */

// So many places of the path are remembered.
const PATH = 20000;
// So many losses are drawn; beyond them every second one goes.
const CURVE = 2000;
// Where the numbers have lost all meaning, before they leave float32.
const LOST = 1e12;

export class Walk {
  /**
   * @param {Record<LossName, Model>} models one for each loss, with the same states
   * @param {Files} train
   * @param {Files} test
   */
  constructor(models, train, test) {
    this.models = models;
    this.train = train;
    this.test = test;
    /** @type {LossName} */
    this.loss = 'mse';
    this.batchSize = train.x.length;
    this.rate = 0.01;
    /** @type {Place} */
    this.here = { kernel: 0, bias: 0 };
    /** @type {(Place | null)[]} with a null where somebody moved the point by hand */
    this.path = [];
    this.byHand = false;
    /** @type {number[]} the files of this epoch that are still to come */
    this.rest = [];
    this.batches = this.epochs = 0;
    // Every how many batches the loss is noted.
    this.every = 1;
    this.curve = noCurve();
    this.restart(this.here);
  }

  get model() {
    return this.models[this.loss];
  }

  /** Whether the numbers have grown beyond all measure. */
  get lost() {
    const loss = lossOf(this.loss, this.train, this.here.kernel, this.here.bias);
    return !(loss < LOST);
  }

  /** Begin anew from a place. @param {Place} place */
  restart(place) {
    this.path = [];
    this.byHand = false;
    this.rest = [];
    this.batches = this.epochs = 0;
    this.every = 1;
    this.curve = noCurve();
    this.move(place);
    this.#record();
  }

  /** Put the weights somewhere by hand. @param {Place} place */
  move(place) {
    this.here = place;
    this.model.setState('kernel', [place.kernel]);
    this.model.setState('bias', [place.bias]);
    // Of a drag, only where it ends is a place of the path.
    if (this.byHand) this.path.pop();
    else if (this.path.length) this.path.push(null);
    this.path.push(place);
    this.byHand = true;
  }

  /** Measure the loss in another way, from the same place on. @param {LossName} loss */
  measure(loss) {
    this.loss = loss;
    this.setRate(this.rate);
    this.restart(this.here);
  }

  /** @param {number} rate */
  setRate(rate) {
    this.rate = rate;
    this.model.setState('learning_rate', [rate]);
  }

  /** Train on the next batch of this epoch. */
  async step() {
    if (!this.rest.length) this.rest = shuffled(this.train.x.length);
    const rows = this.rest.splice(0, this.batchSize);
    await this.model.trainOnBatch(Float32Array.from(rows, (i) => this.train.x[i]), Float32Array.from(rows, (i) => this.train.y[i]));
    this.here = { kernel: this.model.getState('kernel')[0], bias: this.model.getState('bias')[0] };
    this.batches += 1;
    if (!this.rest.length) this.epochs += 1;
    this.path.push(this.here);
    this.byHand = false;
    if (this.path.length > PATH) this.path.splice(0, PATH / 10);
    this.#record();
  }

  /** Train on what is left of this epoch. */
  async epoch() {
    do await this.step();
    while (this.rest.length && !this.lost);
  }

  #record() {
    const { kernel, bias } = this.here, { curve } = this;
    if (this.batches % this.every) return;
    curve.x.push(this.batches);
    curve.train.push(lossOf(this.loss, this.train, kernel, bias));
    curve.test.push(lossOf(this.loss, this.test, kernel, bias));
    if (curve.x.length <= CURVE) return;
    this.every *= 2;
    for (const values of Object.values(curve)) values.splice(0, values.length, ...values.filter((_, i) => i % 2 === 0));
  }
}

/** @returns {{x: number[], train: number[], test: number[]}} the numbers of batches, and the losses after them */
function noCurve() {
  return { x: [], train: [], test: [] };
}

/** @param {number} count */
function shuffled(count) {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
