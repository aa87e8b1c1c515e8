// In Node: node --expose-gc scenarios.mjs FOLDER RUNTIME prints what the scenarios named in FOLDER/tasks.json found.
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import * as scenarios from './scenarios.js';

const [folder, file] = process.argv.slice(2);
const runtime = await import(pathToFileURL(file).href);
const memory = async () => {
  global.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};
const found = [];
for (const { name, data, options } of JSON.parse(await readFile(`${folder}/tasks.json`, 'utf8'))) {
  found.push(await scenarios[name](runtime, (model) => `${folder}/${model}`, data, options, memory));
}
console.log(JSON.stringify(found));
