// Builds what exports carry from src/thalweg/web/runtime/*.js: thalweg.js, webgpu.js (which pages load only where a model
// runs on WebGPU) and thalweg.d.ts.
//
//   node scripts/build_runtime.mjs [FOLDER]     FOLDER: where to, src/thalweg/web/runtime/dist by default
//
// What it builds is committed, since a Python install has no Node; a test compares.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { minify } from 'terser';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'src/thalweg/web/runtime');
const folder = process.argv[2] ?? join(sources, 'dist');

/** @param {string} entry @returns {Promise<string>} one minified module */
async function bundle(entry) {
  const { outputFiles } = await build({
    entryPoints: [join(sources, entry)],
    bundle: true,
    minify: true, // and Terser finds some more
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    external: ['node:*', './webgpu.js'],
    write: false,
  });
  const { code } = await minify(outputFiles[0].text, {
    module: true,
    ecma: 2020,
    compress: { passes: 3, unsafe_arrows: true, pure_getters: true, keep_fargs: false },
    format: { comments: false },
  });
  return `${code}\n`;
}

/** The types of what users meet, in one file: what TypeScript writes for some modules, without the imports between them. */
function types() {
  const place = mkdtempSync(join(tmpdir(), 'thalweg-types-'));
  try {
    execFileSync(process.execPath, [
      join(root, 'node_modules/typescript/bin/tsc'), '--project', join(root, 'tsconfig.json'),
      '--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--stripInternal', '--outDir', place,
    ], { stdio: 'inherit' });
    return ['api', 'load', 'model', 'media'].map((name) => tidy(readFileSync(join(place, 'runtime', `${name}.d.ts`), 'utf8'))).join('\n');
  } finally {
    rmSync(place, { recursive: true });
  }
}

/** @param {string} text of one module */
function tidy(text) {
  return text
    .replace(/^\/\*\*(?:(?!\*\/)[^])*@(?:typedef|file)(?:(?!\*\/)[^])*\*\/\n/gm, '') // what TypeScript has written as types, and headers
    .replace(/^(?:import .*|export \{\}|export type \w+ = import\(.*);?\n/gm, '')
    .replace(/import\(["']\.\/\w+\.js["']\)\./g, '')
    .replace(/@(param|returns) \{(?:[^{}]|\{[^{}]*\})*\} ?/g, '@$1 ') // types of comments, which stand in the code
    .replace(/^ *\* @(?:param \[?\w+\]?|returns) *\n/gm, '') // and what is empty then
    .replace(/ ?@type \{.*\}/g, '')
    .replace(/(?: @param \w+| @returns)+(?= *\*\/)/g, '')
    .replace(/^ *\/\*\* *\*\/\n/gm, '')
    .trim();
}

mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'thalweg.js'), await bundle('index.js'));
writeFileSync(join(folder, 'webgpu.js'), await bundle('webgpu.js'));
writeFileSync(join(folder, 'thalweg.d.ts'), `${types()}\n`);
