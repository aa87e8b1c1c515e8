"""Prediction and training in a page, beside TensorFlow.js in the same run of Chromium.

    python -m benchmarks.web --tfjs NODE_MODULES

NODE_MODULES is a folder in which `npm install @tensorflow/tfjs@4.22
@tensorflow/tfjs-backend-wasm@4.22 @tensorflow/tfjs-backend-webgpu@4.22` has put its packages;
without it Thalweg is measured alone. Latency of one sample and time of a training step are medians
over blocks of calls; *early* is the mean of a hundred predictions after ten, as a page that
predicts now and then sees it. WebGPU runs on Chromium's software adapter unless `--gpu` is given.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import thalweg as tw
from benchmarks.browser import QUIET, chromium, served

PAGES = Path(__file__).parent / "pages"
SOFTWARE = ["--use-webgpu-adapter=swiftshader", "--use-angle=swiftshader"]
FLAGS = [
    *QUIET,
    "--enable-unsafe-webgpu",
    "--ignore-gpu-blocklist",
    "--enable-unsafe-swiftshader",
]


def models() -> dict[str, tuple[tw.Model, int]]:
    """The models, compiled, and their batch sizes."""
    layers = tw.layers
    boston = tw.Sequential(
        [
            tw.Input((13,)),
            layers.Dense(50, activation="sigmoid"),
            layers.Dense(50, activation="sigmoid"),
            layers.Dense(1),
        ]
    )
    boston.compile(tw.optimizers.SGD(0.01), "mse")
    mlp = tw.Sequential(
        [
            tw.Input((784,)),
            layers.Dense(512, activation="relu"),
            layers.Dense(512, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    mlp.compile(tw.optimizers.Adam(1e-3), "categorical_crossentropy")
    cnn = tw.Sequential(
        [
            tw.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    cnn.compile(tw.optimizers.Adam(1e-3), "categorical_crossentropy")
    return {"boston": (boston, 40), "mlp": (mlp, 128), "cnn": (cnn, 128)}


def measure(address: str, page: str, query: str, flags: list[str], seconds: int) -> dict[str, Any]:
    """What one page measures, in a browser of its own."""
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=flags)
        try:
            tab = browser.new_page()
            tab.goto(f"{address}{page}?{query}", wait_until="commit")
            tab.wait_for_function("window.result", timeout=1000 * seconds)
            return dict(tab.evaluate("window.result"))
        except Error as error:
            return {"error": str(error).splitlines()[0]}
        finally:
            browser.close()


def sizes(folder: Path) -> tuple[int, int]:
    """Bytes of the files of an export that a page loads, raw and compressed."""
    raw = packed = 0
    for path in folder.iterdir():
        if path.suffix != ".ts":
            content = path.read_bytes()
            raw, packed = raw + len(content), packed + len(gzip.compress(content, 9))
    return raw, packed


def _cell(row: dict[str, Any], key: str) -> str:
    return f"{row[key]:,.1f}" if key in row and row[key] is not None else "-"


def table(rows: list[dict[str, Any]]) -> Table:
    """The measurements for people."""
    found = Table(
        title="One sample predicted, one step trained (microseconds)", title_justify="left"
    )
    for name in ("workload", "library", "device", "threads"):
        found.add_column(name)
    for name in ("predict, early", "predict", "train step", "first prediction, ms", "dispatches"):
        found.add_column(name, justify="right")
    for row in rows:
        found.add_row(
            row["workload"],
            row["library"],
            row["device"],
            str(row["threads"]),
            _cell(row, "early_predict_us"),
            _cell(row, "predict_us"),
            _cell(row, "train_us") if "error" not in row else row["error"][:60],
            _cell(row, "first_prediction_ms"),
            str(row.get("dispatches") or "-"),
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tfjs", type=Path, help="node_modules with TensorFlow.js")
    parser.add_argument("--workloads", nargs="+", default=["boston", "mlp", "cnn"])
    parser.add_argument("--devices", nargs="+", default=["wasm", "webgpu"])
    parser.add_argument("--threads", nargs="+", type=int, default=[1])
    parser.add_argument("--gpu", action="store_true", help="the machine's own adapter for WebGPU")
    parser.add_argument("--seconds", type=int, default=240, help="the most for one page")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args()
    flags = FLAGS + ([] if options.gpu else SOFTWARE)
    console, rows = Console(), []
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        shutil.copytree(PAGES, root, dirs_exist_ok=True)
        if options.tfjs:
            (root / "node_modules").symlink_to(options.tfjs.resolve())
        for workload, (model, batch) in models().items():
            site = model.export_web(root / "sites" / workload, batch_size=batch)
            raw, packed = sizes(site)
            console.print(f"{workload}: {raw:,} bytes, {packed:,} compressed")
            if workload == "boston":  # small models get no shaders by themselves
                model.export_web(site, batch_size=batch, webgpu=True)
        with served(root) as address:
            for workload in options.workloads:
                for page in ["thalweg.html"] + ["tfjs.html"] * bool(options.tfjs):
                    for device in options.devices:
                        for threads in options.threads if device == "wasm" else [1]:
                            query = f"workload={workload}&device={device}&threads={threads}"
                            row = {
                                "workload": workload,
                                "library": "thalweg" if page == "thalweg.html" else "tensorflow.js",
                                "device": device,
                                "threads": threads,
                            } | measure(address, page, query, flags, options.seconds)
                            rows.append(row)
                            console.print(json.dumps(row), soft_wrap=True)
    console.print(table(rows))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
