/** @file Model: what `load` gives, the API for pages and Node. */

import { dataOf, planOf } from './data.js';
import { bytesOf, decode, fail, product, samples } from './dtypes.js';
import { evaluate, fit, inTurns, predictions } from './fit.js';
import { batchOf, programOf, stateOf } from './manifest.js';
import { startRemote } from './remote.js';
import { readSafetensors, writeSafetensors } from './safetensors.js';
import { statesOf } from './states.js';
import { keep } from './storage.js';

/** @typedef {import('./api.js').Spec} Spec */
/** @typedef {import('./api.js').Logs} Logs */
/** @typedef {import('./api.js').Numbers} Numbers */
/** @typedef {import('./api.js').Samples} Samples */
/** @typedef {import('./api.js').FitOptions} FitOptions */
/** @typedef {import('./api.js').History} History */
/** @typedef {import('./types.js').Values} Values */

const AHEAD = 12, AWAY = 50; // milliseconds of work between two pauses, on this thread and elsewhere

/** Work at once, unless the values are yet to come. @param {any[]} values @param {(values: any[]) => any} work */
const having = (values, work) => (values[0] instanceof Promise ? Promise.all(values).then(work) : work(values));

/**
 * A model or functions, loaded; see `load`.
 *
 * Events: `trainbegin`, `epochbegin` ({epoch}), `batchend` ({batch, logs}), `epochend` ({epoch, logs}), `trainend` (the
 * history); what is in brackets is the event's `detail`. They do not hold training up: where nobody waits, they come about
 * 20 times a second, `epochbegin` and `batchend` now and then, `epochend` for every epoch. The callbacks of `fit` are exact.
 */
export class Model extends EventTarget {
  /**
   * @internal
   * @param {import('./types.js').Manifest} manifest
   * @param {import('./types.js').Device} device
   * @param {{module: () => WebAssembly.Module | Promise<WebAssembly.Module>, threads: number} | null} engine what workers run
   * @param {Values} exported the states of the export
   * @param {Values} initial those that an epoch begins with
   * @param {{device: 'wasm' | 'webgpu', why: string}} choice
   */
  constructor(manifest, device, engine, exported, initial, choice) {
    super();
    const { name: model, programs, states } = manifest;
    /** @type {import('./remote.js').Remote | null} */
    let remote = null;
    let fresh = false; // whether the worker has the states of this thread
    let stopped = false;
    const tell = (/** @type {string} */ type, /** @type {any} */ detail = {}) => this.dispatchEvent(new CustomEvent(type, { detail }));
    const idle = () => this.isTraining && fail('The model is being trained: await fit() or call stop().');
    const write = (/** @type {Values} */ values) => {
      for (const [k, bytes] of values) device.write(k, bytes);
      if (this.isTraining) remote?.post({ do: 'set', values });
      else fresh = false;
    };
    /** @type {() => any[]} */
    const read = () => states.map((_, k) => device.read(k));
    /** @param {string} name @param {any[]} outputs @returns {any} */
    const named = (name, outputs) => (outputs[1] ? Object.fromEntries(programs[name].outputs.map((port, k) => [port.name, outputs[k]])) : outputs[0]);

    /** @type {string} */
    this.name = model;
    /** @type {'wasm' | 'webgpu'} */
    this.device = choice.device;
    /** The device, and one sentence about why it was chosen. */
    this.choice = choice;
    /** @type {Spec[]} names, shapes of one sample, dtypes */
    this.inputs = manifest.inputs;
    /** @type {Spec[]} */
    this.outputs = manifest.outputs;
    /** @type {Spec[]} what the loss compares outputs with */
    this.targets = manifest.targets;
    /** @type {(Spec & {role: string, trainable: boolean})[]} all that is kept: weights, optimizer, random generators, metrics */
    this.states = states;
    /** The names of the programs: `predict`, `train`, `evaluate`, or those of functions. */
    this.programs = Object.keys(programs);
    /** Loss, metrics and optimizer. @type {Record<string, any>} */
    this.training = manifest.training;
    /** Whether `fit` can train it. @type {boolean} */
    this.trainable = 'train' in programs;
    /** Whether `fit` is running. @type {boolean} */
    this.isTraining = false;

    // --- predictions

    const quick = manifest.inputs[1] || !programs.predict ? null : device.quick?.();

    /**
     * The outputs for samples, at once; on WebAssembly only.
     *
     * @param {Samples} x a typed array or lists of numbers, of any number of samples; for several inputs a list or an
     *   object of them
     * @returns {any} a typed array with the outputs of all samples; where there are several outputs, such by name
     *
     * @example
     * const [price] = model.predictSync([0.1, 0, 8.1, 0, 0.5, 6.2, 70, 3.9, 4, 280, 18, 390, 12]);
     */
    this.predictSync = (x) => {
      const found = quick?.(/** @type {any} */ (x));
      if (found) return found;
      if (!device.quick) fail('predictSync needs WebAssembly: await predict().');
      const data = dataOf(manifest, 'predict', x), steps = predictions(device, data, batchOf(programs.predict, data.rows));
      let step = steps.next();
      while (!step.done) step = steps.next(step.value);
      return named('predict', step.value);
    };

    /**
     * The outputs for samples; others on the thread get their turn in between.
     *
     * @param {Samples} x as for `predictSync`
     * @param {{batchSize?: number}} [options]
     * @returns {Promise<any>} as of `predictSync`
     */
    this.predict = async (x, { batchSize } = {}) => {
      const data = dataOf(manifest, 'predict', x);
      return named('predict', await inTurns(predictions(device, data, batchOf(programs.predict, data.rows, batchSize)), AHEAD));
    };

    /**
     * Call an exported function.
     *
     * @param {string} name
     * @param {...Numbers} inputs whole arrays
     * @returns {any} its result, an array; several by name. On WebGPU a promise of it.
     *
     * @example
     * const area = model.callSync('area', [2, 3]);
     */
    this.callSync = (name, ...inputs) => {
      idle();
      fresh = false;
      const all = programOf(manifest, name).inputs.map(({ name: input, dtype, shape }, k) => {
        const open = shape[0]?.[0] ? 1 : 0, found = samples(inputs[k], { dtype, shape: shape.slice(open).map((dim) => dim[1]) }, `${name}: ${input}`);
        return open || found.rows === 1 ? found : fail(`${found.label} takes one array of its shape, got ${found.rows}.`);
      });
      const rows = Math.max(1, ...all.map((one) => one.rows));
      return having([device.run(name, { arrays: all.map((one) => one.array), rows })], ([outputs]) => named(name, outputs));
    };

    /** As `callSync`, a promise on every device. @param {string} name @param {...Numbers} inputs @returns {Promise<any>} */
    this.call = async (name, ...inputs) => this.callSync(name, ...inputs);

    // --- training

    /**
     * Train, with the numbers and in the orders of Python's `fit`. On WebAssembly a worker does it, so that the page goes on.
     *
     * @param {Samples} x
     * @param {Samples} [y] the targets
     * @param {FitOptions} [options]
     * @returns {Promise<History>} the epochs, and by name the loss and metrics of each
     *
     * @example
     * const { history } = await model.fit(x, y, { epochs: 100, validationSplit: 0.2, onEpochEnd: (epoch, { loss }) => draw(epoch, loss) });
     */
    this.fit = async (x, y, options = {}) => {
      idle();
      const { signal, onEpochBegin: epochbegin, onEpochEnd: epochend, onBatchEnd: batchend } = options, plan = planOf(manifest, x, y, options, device.quick && !engine ? AHEAD : AWAY);
      signal?.throwIfAborted();
      this.isTraining = true;
      stopped = false;
      signal?.addEventListener('abort', this.stop);
      tell('trainbegin');
      /** @type {Record<string, undefined | ((number: number, logs: Logs) => unknown)>} */
      const callbacks = { epochbegin, epochend, batchend };
      /** @type {(event: string, number: number, logs?: any) => unknown} */
      const happened = (event, number, logs) => {
        tell(event, { [event.slice(0, 5)]: number, logs });
        return callbacks[event]?.(number, logs);
      };
      try {
        const history = await (engine ? away(plan, happened, Boolean(epochbegin || epochend || batchend)) : fit(device, manifest, plan, happened, () => stopped));
        if (programs.finalize) { // the weights become the averages that the optimizer kept
          await device.run('finalize', { arrays: [], rows: 1 });
          fresh = false;
        }
        signal?.throwIfAborted();
        tell('trainend', history);
        return history;
      } finally {
        signal?.removeEventListener('abort', this.stop);
        this.isTraining = false;
      }
    };

    /**
     * Have the worker train.
     * @param {import('./fit.js').Plan} plan
     * @param {(event: string, number: number, logs?: any) => unknown} happened
     * @param {boolean} waits whether it is to wait until that is done
     * @returns {Promise<History>}
     */
    const away = async (plan, happened, waits) => {
      if (remote?.ended !== false) {
        remote = await startRemote();
        fresh = false;
        await remote.call({ do: 'start', manifest, initial, threads: engine?.threads, module: await engine?.module() });
      }
      if (!fresh) remote.post({ do: 'set', values: [...read().entries()] });
      fresh = false; // until it has given them back
      if (stopped) plan.last = 0;
      /** @type {{error: unknown} | undefined} */
      let broken;
      const take = async (/** @type {{events: [string, number, any][], states: Uint8Array[] | false}} */ { events, states }) => {
        if (states) states.forEach((bytes, k) => device.write(k, bytes));
        try {
          await Promise.all(events.map((event) => happened(...event)));
        } catch (error) {
          broken = { error };
          this.stop();
        }
        if (waits) remote?.post({ do: 'go' });
      };
      const found = await remote.call({ do: 'fit', plan, waits }, take);
      await take(found);
      fresh = true;
      if (broken) throw broken.error;
      return found.history;
    };

    /** End the training that is going on, after the batches that are being worked on; `fit` then gives its history. */
    this.stop = () => {
      stopped = true;
      remote?.post({ do: 'stop' });
    };

    /**
     * One step of training on one batch, on this thread. On WebGPU the result is a promise.
     *
     * @param {Samples} x
     * @param {Samples} [y]
     * @param {{sampleWeight?: Numbers}} [options]
     * @returns {any} loss and metrics of the batch by name
     */
    this.trainOnBatch = (x, y, { sampleWeight } = {}) => {
      const data = dataOf(manifest, 'train', x, y, sampleWeight), { train } = programs;
      idle();
      batchOf(train, 0, data.rows);
      write(initial);
      return having([device.run('train', data)], ([outputs]) => Object.fromEntries(train.outputs.map(({ name }, k) => [name, Number(outputs[k][0])])));
    };

    /**
     * The loss and metrics over samples.
     *
     * @param {Samples} x
     * @param {Samples} [y]
     * @param {{batchSize?: number, sampleWeight?: Numbers}} [options]
     * @returns {Promise<Logs>} by name
     */
    this.evaluate = async (x, y, { batchSize, sampleWeight } = {}) => {
      const data = dataOf(manifest, 'evaluate', x, y, sampleWeight);
      return evaluate(device, data, batchOf(programs.evaluate, data.rows, batchSize), AHEAD);
    };

    // --- states

    /**
     * A copy of a state. On WebGPU a promise of it, so that `await` is right on both.
     *
     * @param {string} name a full name, or its last parts where they are enough: 'dense/kernel', 'learning_rate'
     * @returns {any} a typed array
     */
    this.getState = (name) => {
      const k = stateOf(manifest, name);
      return having([device.read(k)], ([bytes]) => decode(states[k].dtype, bytes));
    };

    /**
     * Change a state; also while training is going on.
     *
     * @param {string} name as for `getState`
     * @param {Numbers | number} values
     */
    this.setState = (name, values) => this.setWeights({ [name]: typeof values === 'number' ? [values] : values });

    /** The weights by name, those that are not trained too. On WebGPU a promise of them. @returns {any} typed arrays by name */
    this.getWeights = () => {
      const names = states.filter(({ role }) => /weight|statistic/.test(role)).map(({ name }) => name);
      return having(names.map(this.getState), (arrays) => Object.fromEntries(names.map((name, i) => [name, arrays[i]])));
    };

    /** Change weights, or other states. @param {Record<string, Numbers>} weights by name, as for `getState` */
    this.setWeights = (weights) => write(Object.entries(weights).map(([name, values]) => {
      const k = stateOf(manifest, name), { array, rows, label } = samples(values, states[k], states[k].name);
      return rows > 1 ? fail(`${label} has shape [${states[k].shape}], got ${array.length} numbers.`) : [k, bytesOf(array)];
    }));

    /** Go back to the states of the export. */
    this.reset = () => write(exported);

    /**
     * All states as a safetensors file, which Python loads too. On WebGPU a promise of it.
     * @returns {any} a Uint8Array
     */
    this.toSafetensors = () => having(read(), (all) => writeSafetensors(
      states.map((state, k) => ({ ...state, bytes: all[k] })),
      { format: 'thalweg', model, roles: JSON.stringify(Object.fromEntries(states.map(({ name, role }) => [name, role]))) },
    ));

    /** Take the states of a safetensors file; nothing changes if it does not fit. @param {Uint8Array} bytes */
    this.fromSafetensors = (bytes) => write(statesOf(manifest, readSafetensors(bytes), false));

    /**
     * Keep the states.
     *
     * @param {string} place 'indexeddb://name', 'cache://name', 'download://name', in Node 'file://path'
     * @returns {Promise<unknown>}
     *
     * @example
     * await model.save('indexeddb://digits');
     */
    this.save = async (place) => keep(place, await this.toSafetensors());

    /**
     * Take up what was kept.
     *
     * @param {string | Blob} place as for `save`, or a file that the visitor chose
     * @returns {Promise<boolean>} false where nothing was kept
     */
    this.restore = async (place) => {
      const found = typeof place === 'string' ? await keep(place) : new Uint8Array(await place.arrayBuffer());
      if (found) this.fromSafetensors(found);
      return Boolean(found);
    };

    /** End the worker. Nobody needs to: it ends by itself when it has not been used for a minute. */
    this.close = () => remote?.end();

    write(exported);
    // An engine makes fast code of what has run some hundred times: that takes two milliseconds now, and none later.
    const sample = quick && new Float32Array(product(this.inputs[0].shape)), end = performance.now() + 2;
    while (sample && performance.now() < end) this.predictSync(sample);
  }
}
