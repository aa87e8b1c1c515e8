/** @file A model with its loss curve: training in the page, going back, keeping. */

import { frame } from '../common/dom.js';
import { load } from '../thalweg.js';

/** @typedef {import('../thalweg.js').Model} Model */
/** @typedef {import('./data.js').Data} Data */
/** @typedef {{epochs: number[], loss: number[], val_loss: number[]}} Curve */

// A page that trains and never stops: as many epochs as nobody waits for.
const WITHOUT_END = 1e9;

export class Session {
  /**
   * @param {string} name
   * @param {Model} model
   * @param {Data} data
   */
  constructor(name, model, data) {
    this.name = name;
    this.model = model;
    this.data = data;
    /** @type {Curve} */
    this.curve = { epochs: [], loss: [], val_loss: [] };
    /** @type {Promise<unknown> | null} */
    this.training = null;
    this.#pythonCurve();
  }

  /**
   * @param {string} name
   * @param {Data} data
   */
  static async load(name, data) {
    return new Session(name, await load(`./${name}/`), data);
  }

  /** The epochs that this state has behind it, here and in Python: the optimizer counts its steps. */
  get epoch() {
    return Math.round(this.model.getState('iteration')[0] / Math.ceil(this.data.parts.train.y.length / this.data.batch));
  }

  /**
   * Train until `stop`.
   * @param {() => number} speed epochs per second, asked again and again
   * @param {() => void} show called at most once for each frame of the screen
   */
  async train(speed, show) {
    let due = 1, last = performance.now();
    await this.#fit(WITHOUT_END, async () => {
      due -= 1;
      while (due < 1 && this.training && !this.stopping) {
        show();
        await frame();
        const now = performance.now();
        // A page that was away for a while does not make up for it.
        due = Math.min(due + ((now - last) / 1000) * speed(), speed() / 4 + 1);
        last = now;
      }
    });
  }

  /**
   * Train so many epochs as fast as it goes.
   * @param {number} epochs
   * @returns {Promise<number>} the seconds that it took
   */
  async trainAtOnce(epochs) {
    const begin = performance.now();
    await this.#fit(this.epoch + epochs, undefined);
    return (performance.now() - begin) / 1000;
  }

  /**
   * @param {number} end
   * @param {(() => Promise<void>) | undefined} paced
   */
  async #fit(end, paced) {
    const { train, validation } = this.data.parts, first = this.epoch;
    /** @param {number} epoch @param {Record<string, number>} logs */
    const note = (epoch, { loss, val_loss }) => {
      this.curve.epochs.push(epoch + 1);
      this.curve.loss.push(loss);
      this.curve.val_loss.push(val_loss);
    };
    this.stopping = false;
    this.training = this.model.fit(train.x, train.y, {
      batchSize: this.data.batch,
      initialEpoch: first,
      epochs: end,
      validationData: [validation.x, validation.y],
      onEpochEnd: paced && (async (epoch, logs) => {
        note(epoch, logs);
        await paced();
      }),
    }).then(({ epoch, history }) => {
      if (!paced) epoch.forEach((number, i) => note(number, { loss: history.loss[i], val_loss: history.val_loss[i] }));
    });
    try {
      await this.training;
    } finally {
      this.training = null;
    }
  }

  /** Have the training end soon, if there is one. */
  stop() {
    if (!this.training) return;
    this.stopping = true;
    this.model.stop();
  }

  /** Back to the weights that Python trained. */
  toPython() {
    this.model.reset();
    this.#pythonCurve();
  }

  /** Back to the weights that Python began with. */
  async toUntrained() {
    const answer = await fetch(`./${this.name}/untrained.safetensors`);
    if (!answer.ok) throw new Error(`The untrained weights could not be loaded (${answer.status}).`);
    this.model.fromSafetensors(new Uint8Array(await answer.arrayBuffer()));
    this.curve = { epochs: [], loss: [], val_loss: [] };
  }

  /** The epoch of what is kept in this browser; 0 where nothing is. */
  get kept() {
    return this.#read()?.epochs.at(-1) ?? 0;
  }

  async save() {
    await this.model.save(this.#place);
    const round = (/** @type {number[]} */ values) => values.map((value) => Number(value.toPrecision(6)));
    localStorage.setItem(this.#key, JSON.stringify({ epochs: this.curve.epochs, loss: round(this.curve.loss), val_loss: round(this.curve.val_loss) }));
  }

  async restore() {
    const curve = this.#read();
    if (!(await this.model.restore(this.#place)) || !curve) throw new Error('Nothing of this model is saved in this browser.');
    this.curve = curve;
  }

  /** @param {File} file that the visitor chose */
  async open(file) {
    await this.model.restore(file);
    this.curve = { epochs: [], loss: [], val_loss: [] };
  }

  get #place() {
    return `indexeddb://boston/${this.name}`;
  }

  get #key() {
    return `thalweg-boston-${this.name}`;
  }

  /** @returns {Curve | null} */
  #read() {
    return JSON.parse(localStorage.getItem(this.#key) ?? 'null');
  }

  #pythonCurve() {
    const { loss, val_loss } = this.data.models[this.name].history;
    this.curve = { epochs: loss.map((_, i) => i + 1), loss: [...loss], val_loss: [...val_loss] };
  }
}
