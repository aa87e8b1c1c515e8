export type TypedArray = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> | Int8Array<ArrayBuffer> | Uint8Array<ArrayBuffer> | Int16Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>;
export type Bytes = Uint8Array<ArrayBuffer>;
export type Numbers = ArrayLike<number> | ArrayLike<bigint> | readonly any[];
export type Samples = Numbers | Record<string, Numbers>;
export type Spec = {
    name: string;
    shape: number[];
    dtype: string;
};
export type Logs = Record<string, number>;
export type History = {
    epoch: number[];
    history: Record<string, number[]>;
};
export type Source = string | URL | Iterable<File>;
export type LoadOptions = {
    /**
     * where it runs; 'auto' chooses by the model's cost, see `model.choice`
     */
    device?: 'auto' | 'wasm' | 'webgpu';
    /**
     * how many workers train together on WebAssembly; more than one needs a page that is
     * cross-origin isolated, or Node
     */
    threads?: number | 'auto';
    /**
     * whether training on WebAssembly is done by a worker, as by default
     */
    worker?: boolean;
    /**
     * told how much is loaded
     */
    progress?: (fraction: number) => void;
};
export type FitOptions = {
    /**
     * samples in a batch; that of the export by default
     */
    batchSize?: number;
    /**
     * the number of the last epoch, 1 by default
     */
    epochs?: number;
    /**
     * the number of the first one, 0 by default
     */
    initialEpoch?: number;
    /**
     * x, y and weights of the samples
     */
    validationData?: [Samples, Samples?, Numbers?];
    /**
     * the share of the samples, the last ones, to validate with
     */
    validationSplit?: number;
    /**
     * `batchSize` by default
     */
    validationBatchSize?: number;
    /**
     * whether each epoch has an order of its own, as by default
     */
    shuffle?: boolean;
    /**
     * a weight for each sample
     */
    sampleWeight?: Numbers;
    /**
     * ends the training; fit is then rejected with its reason
     */
    signal?: AbortSignal;
    /**
     * training waits for it, and for those below
     */
    onEpochBegin?: (epoch: number) => unknown;
    onEpochEnd?: (epoch: number, logs: Logs) => unknown;
    onBatchEnd?: (batch: number, logs: Logs) => unknown;
    /**
     * when others on the thread get their turn; a number is milliseconds
     */
    yieldEvery?: 'auto' | 'epoch' | 'batch' | number;
};
/**
 * Load an exported folder.
 *
 * @param [source] the folder's address or path, or the files of it; by default the folder of
 *   this file
 *
 * @example
 * import { load } from './site/thalweg.js';
 * const model = await load('./site/');
 * const y = model.predictSync(x);
 */
export declare function load(source?: Source, { device, threads, worker, progress }?: LoadOptions): Promise<Model>;
/**
 * A model or functions, loaded; see `load`.
 *
 * Events: `trainbegin`, `epochbegin` ({epoch}), `batchend` ({batch, logs}), `epochend` ({epoch, logs}), `trainend` (the
 * history); what is in brackets is the event's `detail`. They do not hold training up: where nobody waits, they come about
 * 20 times a second, `epochbegin` and `batchend` now and then, `epochend` for every epoch. The callbacks of `fit` are exact.
 */
export declare class Model extends EventTarget {
    name: string;
    device: 'wasm' | 'webgpu';
    /** The device, and one sentence about why it was chosen. */
    choice: {
        device: 'wasm' | 'webgpu';
        why: string;
    };
    /** names, shapes of one sample, dtypes */
    inputs: Spec[];
    outputs: Spec[];
    /** what the loss compares outputs with */
    targets: Spec[];
    /** all that is kept: weights, optimizer, random generators, metrics */
    states: (Spec & {
        role: string;
        trainable: boolean;
    })[];
    /** The names of the programs: `predict`, `train`, `evaluate`, or those of functions. */
    programs: string[];
    /** Loss, metrics and optimizer. */
    training: Record<string, any>;
    /** Whether `fit` can train it. */
    trainable: boolean;
    /** Whether `fit` is running. */
    isTraining: boolean;
    /**
     * The outputs for samples, at once; on WebAssembly only.
     *
     * @param x a typed array or lists of numbers, of any number of samples; for several inputs a list or an
     *   object of them
     * @returns a typed array with the outputs of all samples; where there are several outputs, such by name
     *
     * @example
     * const [price] = model.predictSync([0.1, 0, 8.1, 0, 0.5, 6.2, 70, 3.9, 4, 280, 18, 390, 12]);
     */
    predictSync: (x: Samples) => any;
    /**
     * The outputs for samples; others on the thread get their turn in between.
     *
     * @param x as for `predictSync`
     * @returns as of `predictSync`
     */
    predict: (x: Samples, { batchSize }?: {
        batchSize?: number;
    }) => Promise<any>;
    /**
     * Call an exported function.
     *
     * @param inputs whole arrays
     * @returns its result, an array; several by name. On WebGPU a promise of it.
     *
     * @example
     * const area = model.callSync('area', [2, 3]);
     */
    callSync: (name: string, ...inputs: Numbers[]) => any;
    /** As `callSync`, a promise on every device. */
    call: (name: string, ...inputs: Numbers[]) => Promise<any>;
    /**
     * Train, with the numbers and in the orders of Python's `fit`. On WebAssembly a worker does it, so that the page goes on.
     *
     * @param [y] the targets
     * @returns the epochs, and by name the loss and metrics of each
     *
     * @example
     * const { history } = await model.fit(x, y, { epochs: 100, validationSplit: 0.2, onEpochEnd: (epoch, { loss }) => draw(epoch, loss) });
     */
    fit: (x: Samples, y?: Samples, options?: FitOptions) => Promise<History>;
    /** End the training that is going on, after the batches that are being worked on; `fit` then gives its history. */
    stop: () => void;
    /**
     * One step of training on one batch, on this thread. On WebGPU the result is a promise.
     *
     * @returns loss and metrics of the batch by name
     */
    trainOnBatch: (x: Samples, y?: Samples, { sampleWeight }?: {
        sampleWeight?: Numbers;
    }) => any;
    /**
     * The loss and metrics over samples.
     *
     * @returns by name
     */
    evaluate: (x: Samples, y?: Samples, { batchSize, sampleWeight }?: {
        batchSize?: number;
        sampleWeight?: Numbers;
    }) => Promise<Logs>;
    /**
     * A copy of a state. On WebGPU a promise of it, so that `await` is right on both.
     *
     * @param name a full name, or its last parts where they are enough: 'dense/kernel', 'learning_rate'
     * @returns a typed array
     */
    getState: (name: string) => any;
    /**
     * Change a state; also while training is going on.
     *
     * @param name as for `getState`
     */
    setState: (name: string, values: Numbers | number) => void;
    /** The weights by name, those that are not trained too. On WebGPU a promise of them. @returns typed arrays by name */
    getWeights: () => any;
    /** Change weights, or other states. @param weights by name, as for `getState` */
    setWeights: (weights: Record<string, Numbers>) => void;
    /** Go back to the states of the export. */
    reset: () => void;
    /**
     * All states as a safetensors file, which Python loads too. On WebGPU a promise of it.
     * @returns a Uint8Array
     */
    toSafetensors: () => any;
    /** Take the states of a safetensors file; nothing changes if it does not fit. */
    fromSafetensors: (bytes: Uint8Array) => void;
    /**
     * Keep the states.
     *
     * @param place 'indexeddb://name', 'cache://name', 'download://name', in Node 'file://path'
     *
     * @example
     * await model.save('indexeddb://digits');
     */
    save: (place: string) => Promise<unknown>;
    /**
     * Take up what was kept.
     *
     * @param place as for `save`, or a file that the visitor chose
     * @returns false where nothing was kept
     */
    restore: (place: string | Blob) => Promise<boolean>;
    /** End the worker. Nobody needs to: it ends by itself when it has not been used for a minute. */
    close: () => void | undefined;
}
/**
 * A picture as numbers, rows of pixels of channels, each the mean of the area that it covers.
 * Transparent parts count as white.
 *
 * @param options.width
 * @param options.height
 * @param [options.channels] grey or RGB; 3 by default
 * @param [options.scale] what values from 0 to 255 are multiplied with; 1 / 255 by default
 * @param [options.offset] what is added then
 * @param [options.invert] whether dark and light change places, as for ink on paper
 * @returns height * width * channels numbers
 *
 * @example
 * const x = fromImage(canvas, { width: 28, height: 28, channels: 1, invert: true });
 * const probabilities = model.predictSync(x);
 */
export declare function fromImage(source: ImageData | HTMLCanvasElement | OffscreenCanvas | HTMLVideoElement | HTMLImageElement | ImageBitmap, { width, height, channels, scale, offset, invert }: {
    width: number;
    height: number;
    channels?: 1 | 3;
    scale?: number;
    offset?: number;
    invert?: boolean;
}): Float32Array<ArrayBuffer>;
/**
 * Sound as numbers: the mean of the channels, resampled, cut or filled up with silence.
 *
 * @returns `length` numbers
 *
 * @example
 * const x = fromAudio(await context.decodeAudioData(bytes), { length: 16000, sampleRate: 16000 });
 */
export declare function fromAudio(source: AudioBuffer, { length, sampleRate }: {
    length: number;
    sampleRate: number;
}): Float32Array<ArrayBuffer>;
