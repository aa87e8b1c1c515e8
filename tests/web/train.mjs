// In Node: node train.mjs SITE X Y OPTIONS prints what `train` found as JSON.
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { train } from './train.js';

const [site, x, y, options] = process.argv.slice(2);
const runtime = await import(pathToFileURL(`${site}/thalweg.js`).href);
const exact = async (path) => new Uint8Array(await readFile(path)).slice().buffer;
console.log(JSON.stringify(await train(runtime, site, [await exact(x), await exact(y)], JSON.parse(options))));
