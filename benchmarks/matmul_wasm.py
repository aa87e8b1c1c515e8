"""Matrix products on WebAssembly: GFLOP/s by shape on one thread, in Node and in Chromium.

    python -m benchmarks.matmul_wasm [--tfjs NODE_MODULES] [--sizes 128x128x128 ...] [--json]

A size is MxNxK. *simd* is the module with 128-bit SIMD alone, *relaxed* the one with relaxed SIMD
(multiply and add in one instruction). With `--tfjs`, TensorFlow.js's WASM backend is measured in
Chromium as well; see `benchmarks.web` for what NODE_MODULES is.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import thalweg as tw
from benchmarks.browser import served
from benchmarks.web import FLAGS, PAGES, measure

SIZES = [
    *(f"{n}x{n}x{n}" for n in (32, 64, 128, 256, 512, 1024)),
    *("1x512x784", "1x512x512", "40x50x13", "40x50x50", "128x512x784", "784x512x128"),
]
SECONDS = 100
_NODE = """
import { readFileSync } from 'node:fs';
import { products } from './matmul.js';
const program = JSON.parse(readFileSync('matmul/program.json', 'utf8'));
const code = readFileSync(`matmul/${process.argv[2]}`);
console.log(JSON.stringify(await products(program, code)));
"""


def export(root: Path, sizes: list[list[int]]) -> dict[str, str]:
    """Write a folder with a function for each size; gives the names of its modules."""
    functions, arguments = {}, {}
    for m, n, k in sizes:
        name = f"matmul_{m}_{n}_{k}"
        functions[name] = tw.function(lambda a, b: tw.matmul(a, b))
        arguments[name] = [tw.TensorSpec((m, k)), tw.TensorSpec((k, n))]
    tw.web.export_functions(functions, root / "matmul", arguments=arguments, webgpu=False)
    described = json.loads((root / "matmul" / "program.json").read_text())["wasm"]
    return {kind: described[kind] for kind in ("simd", "relaxed")}


def in_node(root: Path, module: str) -> dict[str, float]:
    """What Node measures."""
    command = ["node", "--experimental-wasm-relaxed-simd", "matmul.mjs", module]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tfjs", type=Path, help="node_modules with TensorFlow.js")
    parser.add_argument("--sizes", nargs="+", default=SIZES, help="as MxNxK")
    parser.add_argument("--json", action="store_true", help="a JSON line instead of a table")
    options = parser.parse_args()
    sizes = [[int(x) for x in size.split("x")] for size in options.sizes]
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        shutil.copytree(PAGES, root, dirs_exist_ok=True)
        (root / "matmul.mjs").write_text(_NODE)
        (root / "package.json").write_text('{"type": "module"}')
        modules = export(root, sizes)
        for kind, module in modules.items():
            found[f"Node, {kind}"] = in_node(root, module)
        if options.tfjs:
            (root / "node_modules").symlink_to(options.tfjs.resolve())
        with served(root) as address:
            queries = {f"Chromium, {kind}": f"module={m}" for kind, m in modules.items()}
            if options.tfjs:
                queries["Chromium, TensorFlow.js"] = ""
            for title, query in queries.items():
                found[title] = measure(address, "matmul.html", query, FLAGS, SECONDS)
    if options.json:
        print(json.dumps(found))
        return
    table = Table(title="Matrix products on one thread (GFLOP/s)", title_justify="left")
    for title in ("size", *found):
        table.add_column(title, justify="right")
    for size in options.sizes:
        key = f"matmul_{size.replace('x', '_')}"
        table.add_row(size, *(f"{column.get(key, float('nan')):.1f}" for column in found.values()))
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
