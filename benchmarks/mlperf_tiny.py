"""MLPerf Tiny's reference networks in a page: size, prediction and training step.

    python -m benchmarks.mlperf_tiny --tfjs NODE_MODULES

NODE_MODULES is as for `benchmarks.web`; without it Thalweg is measured alone. A prediction is that
of one sample (the median over blocks of calls), a step is one on a batch of 32 (the fastest of
several), both on one thread. WebGPU runs on Chromium's software adapter unless `--gpu` is given.
TensorFlow.js is measured on each of its backends, and the best one is shown; its WebAssembly
backend has no gradients of convolutions.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import shutil
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.browser import served
from benchmarks.web import FLAGS, PAGES, SOFTWARE, measure
from thalweg.web.runtime_files import RUNTIME

EXAMPLE = Path(__file__).parents[1] / "examples" / "mlperf_tiny.py"
BATCH = 32
TFJS_BACKENDS = ("cpu", "wasm", "webgl", "webgpu")


def example() -> ModuleType:
    """The script that makes the networks."""
    spec = importlib.util.spec_from_file_location("mlperf_tiny_networks", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sizes(folder: Path) -> dict[str, int]:
    """Bytes of an export without the runtime, raw and compressed."""
    files = [path.read_bytes() for path in folder.iterdir() if path.name not in RUNTIME]
    packed = sum(len(gzip.compress(content, 9)) for content in files)
    return {"bytes": sum(map(len, files)), "gzip": packed}


def best(rows: list[dict[str, Any]], key: str) -> tuple[float, str] | None:
    """The smallest of the figures, and where it was measured."""
    found = [(row[key], row["device"]) for row in rows if row.get(key)]
    return min(found) if found else None


def table(results: list[dict[str, Any]]) -> Table:
    """The measurements for people."""
    found = Table(title="MLPerf Tiny in a page", title_justify="left")
    found.add_column("network")
    for name in ("KB", "KB, gzip", "predict wasm, µs", "predict WebGPU, µs", "predict TF.js, µs"):
        found.add_column(name, justify="right")
    for name in ("step wasm, ms", "step WebGPU, ms", "step TF.js, ms"):
        found.add_column(name, justify="right")
    for row in results:
        cells = [row["network"], f"{row['bytes'] / 1024:,.0f}", f"{row['gzip'] / 1024:,.0f}"]
        for key, scale in (("predict_us", 1), ("train_us", 1000)):
            for device in ("wasm", "webgpu"):
                value = row[device].get(key)
                cells.append(f"{value / scale:,.1f}" if value else "-")
            peer = best(row["tfjs"], key)
            cells.append(f"{peer[0] / scale:,.1f} ({peer[1]})" if peer else "-")
        found.add_row(*cells)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tfjs", type=Path, help="node_modules with TensorFlow.js")
    parser.add_argument("--networks", nargs="+", help="only these")
    parser.add_argument("--devices", nargs="+", default=["wasm", "webgpu"])
    parser.add_argument("--backends", nargs="+", default=TFJS_BACKENDS, help="of TensorFlow.js")
    parser.add_argument("--gpu", action="store_true", help="the machine's own adapter for WebGPU")
    parser.add_argument("--seconds", type=int, default=120, help="the most for one page")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args()
    flags = FLAGS + ([] if options.gpu else SOFTWARE)
    # Errors are told, but wide figures must not be cut where the output is no terminal.
    console, results = Console(width=160), []
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        shutil.copytree(PAGES, root, dirs_exist_ok=True)
        if options.tfjs:
            (root / "node_modules").symlink_to(options.tfjs.resolve())
        with served(root) as address:
            for make in example().NETWORKS:
                if options.networks and make.__name__ not in options.networks:
                    continue
                model = make()
                site = model.export_web(root / "sites" / model.name, batch_size=BATCH, webgpu=True)
                row: dict[str, Any] = {"network": model.name, **sizes(site), "tfjs": []}

                def run(page: str, device: str, name: str = model.name) -> dict[str, Any]:
                    all_found: dict[str, Any] = {"device": device}
                    for what in ("predict", "train"):
                        query = f"workload={name}&device={device}&{what}"
                        found = measure(address, page, query, flags, options.seconds)
                        console.print(page, what, name, device, json.dumps(found), soft_wrap=True)
                        all_found |= found
                    return all_found

                for device in ("wasm", "webgpu"):
                    row[device] = (
                        run("mlperf_thalweg.html", device) if device in options.devices else {}
                    )
                for backend in options.backends if options.tfjs else ():
                    row["tfjs"].append(run("mlperf_tfjs.html", backend))
                results.append(row)
    console.print(table(results))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
