/**
 * @file Types that users of the runtime meet.
 *
 * @typedef {Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer> | Int8Array<ArrayBuffer> | Uint8Array<ArrayBuffer>
 *   | Int16Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>
 *   | BigInt64Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>} TypedArray
 * @typedef {Uint8Array<ArrayBuffer>} Bytes
 * @typedef {ArrayLike<number> | ArrayLike<bigint> | readonly any[]} Numbers a typed array, or numbers in (nested) lists
 * @typedef {Numbers | Record<string, Numbers>} Samples of one input; of several as a list, or as an object by name
 * @typedef {{name: string, shape: number[], dtype: string}} Spec data of a model: the shape is that of one sample
 * @typedef {Record<string, number>} Logs loss and metrics by name
 * @typedef {{epoch: number[], history: Record<string, number[]>}} History
 * @typedef {string | URL | Iterable<File>} Source a folder's address or path, or the files of it
 *
 * @typedef {object} LoadOptions
 * @property {'auto' | 'wasm' | 'webgpu'} [device] where it runs; 'auto' chooses by the model's cost, see `model.choice`
 * @property {number | 'auto'} [threads] how many workers train together on WebAssembly; more than one needs a page that is
 *   cross-origin isolated, or Node
 * @property {boolean} [worker] whether training on WebAssembly is done by a worker, as by default
 * @property {(fraction: number) => void} [progress] told how much is loaded
 *
 * @typedef {object} FitOptions
 * @property {number} [batchSize] samples in a batch; that of the export by default
 * @property {number} [epochs] the number of the last epoch, 1 by default
 * @property {number} [initialEpoch] the number of the first one, 0 by default
 * @property {[Samples, Samples?, Numbers?]} [validationData] x, y and weights of the samples
 * @property {number} [validationSplit] the share of the samples, the last ones, to validate with
 * @property {number} [validationBatchSize] `batchSize` by default
 * @property {boolean} [shuffle] whether each epoch has an order of its own, as by default
 * @property {Numbers} [sampleWeight] a weight for each sample
 * @property {AbortSignal} [signal] ends the training; fit is then rejected with its reason
 * @property {(epoch: number) => unknown} [onEpochBegin] training waits for it, and for those below
 * @property {(epoch: number, logs: Logs) => unknown} [onEpochEnd]
 * @property {(batch: number, logs: Logs) => unknown} [onBatchEnd]
 * @property {'auto' | 'epoch' | 'batch' | number} [yieldEvery] when others on the thread get their turn; a number is milliseconds
 */
export {};
