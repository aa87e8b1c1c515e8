/**
 * @file Types inside of the runtime: the manifest (program.json), and what devices can do.
 *
 * @typedef {import('./api.js').TypedArray} TypedArray
 * @typedef {import('./api.js').Spec} Spec
 * @typedef {import('./api.js').Logs} Logs
 *
 * @typedef {[number, number]} Dim `[scale, offset]`: a length of scale * n + offset
 * @typedef {{name: string, dtype: string, shape: Dim[], address: number, place: number}} Port an input or output of a program
 * @typedef {Spec & {role: string, trainable: boolean, address: number, place: number, initial?: number | number[]}} State
 * @typedef {[number, [number, number, number][]] | {turns: Dim, reverse: boolean, block: Step[]}
 *   | {while: Step[], flag: number, block: Step[]} | {cond: number, then: Step[], otherwise: Step[]}} Step
 * @typedef {object} Program
 * @property {number} capacity the largest batch
 * @property {boolean} flexible whether it takes smaller batches too
 * @property {Port[]} inputs
 * @property {Port[]} outputs
 * @property {{run: string, steps: string, table: number, tableScratch: number}} wasm its functions, the
 *   address of its table of pointers, and places in it
 * @property {Step[][]} webgpu what it launches, for each variant of the shaders
 * @property {Step[][]} [single] the same for one sample
 * @typedef {{shaders: string, software: boolean, features: GPUFeatureName[], words: number}} Variant shaders for one kind of
 *   adapter: their file, whether it computes in software, and the words of memory
 * @typedef {object} Manifest
 * @property {string} format
 * @property {number} version
 * @property {string} name
 * @property {number} batch
 * @property {Spec[]} inputs
 * @property {Spec[]} outputs
 * @property {Spec[]} targets
 * @property {boolean} weighted whether training takes a weight for each sample
 * @property {Record<string, any>} training
 * @property {State[]} states
 * @property {number | null} globalSeed
 * @property {Record<string, Program>} programs
 * @property {{device: 'wasm' | 'webgpu', why: string, threads: number}} choice what fits its cost best
 * @property {{simd: string, relaxed: string, pages: number, heap: number, job: number, scratch: number,
 *   stack: {top: number, bytes: number}}} wasm
 * @property {Variant[] | null} webgpu
 * @property {string | null} webgpuWhy why there is none
 * @property {{name: string, place: number, dtype: string}[]} constants of the WebGPU buffer
 * @property {{files: string[], dtype: string}} weights
 * @property {Record<string, string>} checksums
 * @property {Record<string, number>} bytes of the files
 *
 * @typedef {{arrays: TypedArray[], rows: number}} Data of all inputs of a program
 * @typedef {[number, Uint8Array][]} Values of states, by their numbers
 *
 * @typedef {object} Feed data that lie on a device
 * @property {(order: ArrayLike<number> | null, first: number, steps: number) => Logs | Promise<Logs>} run some steps of an
 *   epoch, with the rows in an order or as they come; what the last of them found
 * @property {() => void} close
 *
 * @typedef {object} Device what a model runs on
 * @property {(k: number) => Uint8Array | Promise<Uint8Array>} read a state, as it lies in files
 * @property {(k: number, bytes: Uint8Array) => void} write
 * @property {(name: string, data: Data) => TypedArray[] | Promise<TypedArray[]>} run
 * @property {(name: string, data: Data, batch: number) => Feed} feed
 * @property {() => ((x: ArrayLike<number>) => Float32Array | undefined) | null} [quick] the shortest way through `predict`
 */
export {};
