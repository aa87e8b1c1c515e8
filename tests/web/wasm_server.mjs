// Runs WebAssembly modules for tests/web/wasm_runner.py: one request after the other from standard
// input, each a line of JSON and the bytes that it counts.
import { readSync, writeSync } from 'node:fs';

const STACK = 65536;

/** @param {number} size */
function take(size) {
  const found = Buffer.alloc(size);
  for (let have = 0; have < size; ) {
    const count = readSync(0, found, have, size - have, null);
    if (!count) process.exit(0);
    have += count;
  }
  return found;
}

/** @param {Buffer} bytes */
function give(bytes) {
  for (let done = 0; done < bytes.length; ) done += writeSync(1, bytes, done);
}

/** @param {any} request */
function run({ module, pages, writes, calls, reads }) {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: 65536 });
  const stack = new WebAssembly.Global({ value: 'i32', mutable: true }, STACK);
  const env = { memory, __stack_pointer: stack };
  const code = new WebAssembly.Module(take(module));
  const { exports } = new WebAssembly.Instance(code, { env });
  for (const [place, size] of writes) new Uint8Array(memory.buffer, place, size).set(take(size));
  const seconds = [];
  for (const [name, repeats, ...given] of calls) {
    const call = /** @type {any} */ (exports[name]);
    const begin = process.cpuUsage();
    for (let i = 0; i < repeats; i++) call(...given);
    const used = process.cpuUsage(begin);
    seconds.push((used.user + used.system) / repeats / 1e6);
  }
  const parts = reads.map((/** @type {number[]} */ [place, size]) =>
    Buffer.from(memory.buffer, place, size));
  return { seconds, parts };
}

for (;;) {
  const line = JSON.parse(take(take(4).readUInt32LE(0)).toString());
  let head = {};
  /** @type {Buffer[]} */
  let parts = [];
  try {
    const found = run(line);
    head = { seconds: found.seconds };
    parts = found.parts;
  } catch (error) {
    head = { error: String(error) };
  }
  const text = Buffer.from(JSON.stringify(head));
  const size = Buffer.alloc(8);
  size.writeUInt32LE(text.length, 0);
  size.writeUInt32LE(parts.reduce((n, p) => n + p.length, 0), 4);
  give(size);
  give(text);
  for (const part of parts) give(part);
}
