// The runtime's modules by themselves, in Node: node --test tests/web/runtime/
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { choose } from '../../../src/thalweg/web/runtime/choose.js';
import { dataOf, planOf } from '../../../src/thalweg/web/runtime/data.js';
import { decode, encode, samples } from '../../../src/thalweg/web/runtime/dtypes.js';
import { check, openFolder } from '../../../src/thalweg/web/runtime/files.js';
import { batchOf, parseManifest, stateOf } from '../../../src/thalweg/web/runtime/manifest.js';
import { fromAudio, fromImage } from '../../../src/thalweg/web/runtime/media.js';
import { readSafetensors, writeSafetensors } from '../../../src/thalweg/web/runtime/safetensors.js';
import { statesOf } from '../../../src/thalweg/web/runtime/states.js';
import { keep } from '../../../src/thalweg/web/runtime/storage.js';
import { withSharedMemory } from '../../../src/thalweg/web/runtime/wasm.js';

const bytes = (array) => new Uint8Array(array.buffer);
const tensor = (dtype, shape, array) => ({ dtype, shape, bytes: bytes(array) });

// --- numbers

test('halves become the floats that they stand for', () => {
  const half = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00, 0xfc00, 0x7e00, 0x8000);
  const found = decode('float16', bytes(half));
  assert.deepEqual([...found], [1, -2, 65504, 2 ** -24, Infinity, -Infinity, NaN, -0]);
  assert.deepEqual([...decode('bfloat16', bytes(Uint16Array.of(0x3f80, 0xc049)))], [1, -3.140625]);
});

test('numbers of a user become the arrays of a type', () => {
  assert.deepEqual(encode('int64', [1, 2n]), BigInt64Array.of(1n, 2n));
  assert.deepEqual(encode('bool', [true, false]), Uint8Array.of(1, 0));
  assert.deepEqual(encode('int32', Float64Array.of(2, 3)), Int32Array.of(2, 3));
  const same = Float32Array.of(1);
  assert.equal(encode('float32', same), same);
  assert.throws(() => encode('float16', [1]), /float16 cannot be written/);
});

test('samples come flat, nested, or as rows of typed arrays', () => {
  const spec = { shape: [2, 2], dtype: 'float32' };
  for (const value of [
    [1, 2, 3, 4, 5, 6, 7, 8],
    Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    [[[1, 2], [3, 4]], [[5, 6], [7, 8]]],
    [[1, 2, 3, 4], [5, 6, 7, 8]],
    [Float64Array.of(1, 2, 3, 4), Float64Array.of(5, 6, 7, 8)],
  ]) {
    assert.deepEqual(samples(value, spec, 'x'), { label: 'x', rows: 2, array: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) });
  }
  assert.equal(samples([[1, 2], [3, 4]], spec, 'x').rows, 1);
  assert.equal(samples([3, 4, 5], { shape: [], dtype: 'int32' }, 'y').rows, 3);
});

test('what has another shape is refused in a sentence', () => {
  const spec = { shape: [3], dtype: 'float32' };
  const refused = (value, message) => assert.throws(() => samples(value, spec, 'x'), { message });
  refused([1, 2, 3, 4], 'x takes numbers of shape [n, 3], got shape [4].');
  refused([[1, 2], [3, 4]], 'x takes numbers of shape [n, 3], got shape [2,2].');
  refused([[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]], 'x takes numbers of shape [n, 3], got shape [2,6].');
  refused([[1, 2, 3], [4, 5]], 'x takes numbers of shape [n, 3], got shape [2,3].');
  refused([], 'x takes numbers of shape [n, 3], got shape [0].');
  refused(undefined, 'x takes numbers of shape [n, 3], got undefined.');
  refused('abc', 'x takes numbers of shape [n, 3], got abc.');
  refused(null, 'x takes numbers of shape [n, 3], got null.');
});

// --- safetensors

test('what is written as safetensors is read again', () => {
  const tensors = {
    'a/kernel': tensor('float32', [2, 2], Float32Array.of(1, 2, 3, 4)),
    mask: tensor('bool', [3], Uint8Array.of(1, 0, 1)),
    seed: tensor('uint32', [2], Uint32Array.of(7, 0xffffffff)),
    half: tensor('bfloat16', [1], Uint16Array.of(0x3f80)),
    long: tensor('int64', [], BigInt64Array.of(-5n)),
  };
  const file = writeSafetensors(Object.entries(tensors).map(([name, one]) => ({ name, ...one })), { format: 'thalweg' });
  assert.equal(new DataView(file.buffer).getUint32(0, true) % 8, 0);
  const found = readSafetensors(file);
  assert.deepEqual(Object.keys(found), Object.keys(tensors));
  for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
    assert.deepEqual({ ...found[name], bytes: [...found[name].bytes] }, { dtype, shape, bytes: [...bytes] });
  }
  // In the middle of a larger buffer too.
  const inside = new Uint8Array(file.length + 3);
  inside.set(file, 3);
  assert.deepEqual([...readSafetensors(inside.subarray(3)).seed.bytes], [...tensors.seed.bytes]);
});

test('damaged safetensors are refused', () => {
  const file = writeSafetensors([{ name: 'a', ...tensor('float32', [1], Float32Array.of(1)) }], {});
  const broken = { message: 'The weights are damaged, or no safetensors file.' };
  assert.throws(() => readSafetensors(file.subarray(0, file.length - 1)), broken);
  assert.throws(() => readSafetensors(file.subarray(0, 5)), broken);
  assert.throws(() => readSafetensors(new TextEncoder().encode('<!doctype html><title>Not found</title>')), broken);
});

const model = {
  states: [
    { name: 'dense/kernel', shape: [2, 2], dtype: 'float32', role: 'weight' },
    { name: 'optimizer/learning_rate', shape: [], dtype: 'float32', role: 'optimizer' },
    { name: 'optimizer/dense/kernel', shape: [1], dtype: 'float32', role: 'optimizer' },
  ],
};

test('states come out of tensors of less precision', () => {
  const whole = { 'dense/kernel': tensor('int8', [2, 2], Int8Array.of(127, -127, 64, 0)), 'dense/kernel.scale': tensor('float32', [2], Float32Array.of(0.5, 2)),
    'optimizer/learning_rate': tensor('float16', [], Uint16Array.of(0x3c00)), 'optimizer/dense/kernel': tensor('float32', [1], Float32Array.of(9)) };
  const found = statesOf(model, whole, true);
  assert.deepEqual(found.map(([k]) => k), [0, 1, 2]);
  assert.deepEqual([...decode('float32', found[0][1])], [63.5, -254, 32, 0]);
  assert.deepEqual([...decode('float32', found[1][1])], [1]);
});

test('a file of another model is refused', () => {
  const kernel = tensor('float32', [2, 2], Float32Array.of(1, 2, 3, 4));
  assert.equal(statesOf(model, { 'dense/kernel': kernel }, false).length, 1);
  assert.throws(() => statesOf(model, { 'dense/kernel': kernel }, true), /it has no "optimizer\/learning_rate"/);
  assert.throws(() => statesOf(model, {}, false), /it has no "dense\/kernel"/);
  assert.throws(() => statesOf(model, { 'dense/kernel': kernel, other: kernel }, false), /the model has no "other"/);
  assert.throws(() => statesOf(model, { 'dense/kernel': { ...kernel, shape: [4] } }, false), /it has shape \[4\] and not \[2,2\] for "dense\/kernel"/);
});

// --- files and the manifest

test('files that are missing or damaged are named', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'runtime-'));
  try {
    await writeFile(join(folder, 'a.bin'), 'abc');
    const contents = await openFolder(folder)('a.bin');
    assert.deepEqual([...contents], [97, 98, 99]);
    await check('a.bin', contents, createHash('sha256').update('abc').digest('hex'));
    await assert.rejects(check('a.bin', contents, '0'.repeat(64)), { message: 'The file a.bin is damaged, or of another export.' });
    await assert.rejects(openFolder(`${folder}/`)('b.bin'), /The file .*\/b\.bin cannot be read: ENOENT/);
    const chosen = openFolder([new File(['xyz'], 'c.bin')]);
    assert.deepEqual([...(await chosen('c.bin'))], [120, 121, 122]);
    await assert.rejects(chosen('d.bin'), { message: 'The file d.bin is missing.' });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a folder that is no export is refused', () => {
  const parsed = (text) => () => parseManifest(new TextEncoder().encode(text));
  assert.throws(parsed('<!doctype html>'), /program\.json is damaged, or of an export/);
  assert.throws(parsed('{"format": "other"}'), /program\.json is damaged, or of an export/);
  assert.throws(parsed('{"format": "thalweg-web", "version": 99}'), /with another thalweg\.js/);
});

test('states have short names where those are enough', () => {
  assert.equal(stateOf(model, 'learning_rate'), 1);
  assert.equal(stateOf(model, 'dense/kernel'), 0);
  assert.throws(() => stateOf(model, 'kernel'), /several states "kernel" among dense\/kernel, optimizer\/dense\/kernel/);
  assert.throws(() => stateOf(model, 'bias'), /no state "bias" among dense\/kernel, optimizer/);
});

test('batch sizes must be those that a program takes', () => {
  assert.equal(batchOf({ capacity: 8, flexible: true }, 20), 8);
  assert.equal(batchOf({ capacity: 8, flexible: true }, 20, 3), 3);
  assert.throws(() => batchOf({ capacity: 8, flexible: true }, 20, 9), /batches of 1 to 8 samples, got 9/);
  assert.throws(() => batchOf({ capacity: 8, flexible: true }, 20, 2.5), /got 2.5/);
  assert.throws(() => batchOf({ capacity: 8, flexible: false }, 20), /just 8 samples/);
});

const manifest = {
  inputs: [{ name: 'a', shape: [2], dtype: 'float32' }, { name: 'b', shape: [], dtype: 'int32' }],
  targets: [{ name: 'y', shape: [1], dtype: 'float32' }],
  programs: { predict: { capacity: 4, flexible: true }, train: { capacity: 4, flexible: true }, evaluate: { capacity: 4, flexible: true } },
};

test('several inputs come as a list or by name', () => {
  for (const x of [[[1, 2, 3, 4], [5, 6]], { b: [5, 6], a: [[1, 2], [3, 4]] }]) {
    assert.deepEqual(dataOf(manifest, 'predict', x), { rows: 2, arrays: [Float32Array.of(1, 2, 3, 4), Int32Array.of(5, 6)] });
  }
  assert.throws(() => dataOf(manifest, 'predict', { a: [1, 2] }), /x "b" takes numbers of shape \[n, \], got undefined/);
  assert.throws(() => dataOf(manifest, 'predict', [[1, 2], [1, 2]]), /All data must have as many samples, but x "a" has 1, x "b" has 2/);
});

test('data to train with are checked before', () => {
  const x = [[1, 2, 3, 4], [5, 6]];
  assert.throws(() => dataOf(manifest, 'train', x), /y takes numbers of shape \[n, 1\], got undefined/);
  assert.throws(() => dataOf(manifest, 'train', x, [1, NaN]), /y contains NaN at sample 1/);
  assert.throws(() => dataOf(manifest, 'train', [[1, 2, Infinity, 4], [5, 6]], [1, 2]), /x "a" contains Infinity at sample 1/);
  assert.throws(() => dataOf(manifest, 'train', x, [1, 2], [1, 1]), /needs an export with sample_weight=True/);
  assert.throws(() => dataOf({ ...manifest, programs: {} }, 'train', x, [1, 2]), /cannot train/);
  const weighted = dataOf({ ...manifest, weighted: true }, 'train', x, [1, 2]);
  assert.deepEqual(weighted.arrays[3], Float32Array.of(1, 1));
});

test('the last share of the samples is for validation', () => {
  const y = [1, 2, 3, 4, 5], x = [[1, 1, 2, 2, 3, 3, 4, 4, 5, 5], y];
  const plan = planOf(manifest, x, y, { validationSplit: 0.3, batchSize: 2 }, 50);
  assert.deepEqual([...plan.data.arrays[0]], [1, 1, 2, 2, 3, 3]);
  assert.deepEqual([...plan.validation.arrays[2]], [4, 5]);
  assert.deepEqual([plan.batch, plan.validationBatch, plan.first, plan.last, plan.shuffle, plan.slice], [2, 2, 0, 1, true, 50]);
  assert.throws(() => planOf(manifest, x, y, { validationSplit: 0.99 }, 50), /leaves no sample on one side/);
  assert.throws(() => planOf(manifest, x, y, { epochs: -1 }, 50), /epochs must be a number from 0, got -1/);
});

test('the device is that of the export, unless another is asked for', async () => {
  const choice = { device: 'wasm', why: 'Small.', threads: 1 };
  assert.deepEqual(await choose({ choice, webgpu: {} }, 'auto'), choice && { device: 'wasm', why: 'Small.' });
  const large = { choice: { device: 'webgpu', why: 'Large.', threads: 1 }, webgpu: {}, webgpuWhy: null };
  assert.deepEqual(await choose(large, 'auto'), { device: 'wasm', why: 'Large. But there is no WebGPU here.' });
  assert.deepEqual(await choose(large, 'wasm'), { device: 'wasm', why: 'As asked for.' });
  await assert.rejects(choose(large, 'webgpu'), /cannot run on WebGPU: there is no WebGPU here/);
  await assert.rejects(choose({ choice, webgpu: null, webgpuWhy: 'int64 is not there' }, 'webgpu'), /cannot run on WebGPU: int64 is not there/);
  await assert.rejects(choose(large, 'tpu'), /device must be auto, wasm or webgpu, got tpu/);
});

test('a module imports shared memory once a byte is changed', () => {
  const text = [...'\x03env\x06memory\x02'].map((c) => c.charCodeAt(0));
  const module = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 2, text.length + 4, 1, ...text, 1, 1, 2);
  const shared = withSharedMemory(module);
  assert.ok(WebAssembly.validate(module) && WebAssembly.validate(shared));
  assert.deepEqual([...shared].flatMap((byte, i) => (byte === module[i] ? [] : [byte])), [3]);
});

test('files on disk are kept whole', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'runtime-')), place = `file://${folder}/a.safetensors`;
  try {
    assert.equal(await keep(place), undefined);
    await keep(place, Uint8Array.of(1, 2));
    assert.deepEqual([...(await keep(place))], [1, 2]);
    assert.deepEqual([...(await readFile(`${folder}/a.safetensors`))], [1, 2]);
    await assert.rejects(keep('nowhere'), /A place is indexeddb/);
    await assert.rejects(keep('download://a'), /to save only, download:/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

// --- pictures and sound

const picture = (width, height, pixel) => {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set(pixel(x, y), 4 * (y * width + x));
  return { width, height, data };
};

test('a picture shrinks to the means of areas', () => {
  const image = picture(4, 2, (x, y) => [10 * x + 100 * y, 0, 255, 255]);
  const found = fromImage(image, { width: 2, height: 1, scale: 1 });
  assert.deepEqual([...found], [55, 0, 255, 75, 0, 255]);
  const thirds = fromImage(picture(3, 1, (x) => [60 * x, 60 * x, 60 * x, 255]), { width: 2, height: 1, channels: 1, scale: 1 });
  assert.ok(Math.abs(thirds[0] - 20) < 1e-4 && Math.abs(thirds[1] - 100) < 1e-4);
});

test('a picture grows, and keeps its values', () => {
  const found = fromImage(picture(1, 1, () => [51, 102, 153, 255]), { width: 2, height: 2 });
  [0.2, 0.4, 0.6].forEach((value, c) => [0, 3, 6, 9].forEach((i) => assert.ok(Math.abs(found[i + c] - value) < 1e-6)));
});

test('ink on transparent paper is bright when inverted', () => {
  const image = picture(2, 1, (x) => (x ? [0, 0, 0, 255] : [0, 0, 0, 0]));
  assert.deepEqual([...fromImage(image, { width: 2, height: 1, channels: 1 })].map(Math.round), [1, 0]);
  assert.deepEqual([...fromImage(image, { width: 2, height: 1, channels: 1, invert: true })].map(Math.round), [0, 1]);
  assert.throws(() => fromImage({}, { width: 2, height: 2 }), /fromImage needs an ImageData, canvas/);
});

test('sound is mixed, resampled and cut', () => {
  const channels = [Float32Array.of(0, 2, 4, 6), Float32Array.of(0, 0, 0, 0)];
  const sound = { numberOfChannels: 2, sampleRate: 4, getChannelData: (c) => channels[c] };
  assert.deepEqual([...fromAudio(sound, { length: 4, sampleRate: 4 })], [0, 1, 2, 3]);
  assert.deepEqual([...fromAudio(sound, { length: 3, sampleRate: 8 })], [0, 0.5, 1]);
  assert.deepEqual([...fromAudio(sound, { length: 5, sampleRate: 4 })], [0, 1, 2, 3, 0]);
});
