"""The JavaScript runtime: its types, its unit tests, and the committed build of it."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thalweg import ops, random

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "src" / "thalweg" / "web" / "runtime"


def node(*arguments: Any) -> str:
    run = subprocess.run(
        ["node", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    node("scripts/build_runtime.mjs", folder)
    return folder


@pytest.mark.parametrize("name", ["thalweg.d.ts", "thalweg.js", "webgpu.js"])
def test_the_committed_build_is_that_of_the_sources(built, name):
    assert (RUNTIME / "dist" / name).read_text() == (built / name).read_text(), "npm run build"


def test_it_is_small(built):
    code = (built / "thalweg.js").read_bytes()
    more = (built / "webgpu.js").read_bytes()
    assert len(code) + len(more) <= 24 * 1024
    assert len(gzip.compress(code, 9)) <= 9 * 1024


def test_types():
    node("node_modules/typescript/bin/tsc", "--project", "tsconfig.json")


def test_the_declarations_serve_users(built, tmp_path):
    shutil.copy(ROOT / "tests" / "web" / "runtime" / "use.ts", tmp_path)
    shutil.copy(built / "thalweg.d.ts", tmp_path)
    options = ["--strict", "--noEmit", "--target", "es2022", "--module", "esnext"]
    options += [
        "--moduleResolution",
        "bundler",
        "--lib",
        "es2022,dom",
        "--types",
        "",
        "--ignoreConfig",
    ]
    node("node_modules/typescript/bin/tsc", *options, tmp_path / "use.ts")


def test_units():
    node("--test", "tests/web/runtime/")


@pytest.mark.parametrize("samples", [1, 2, 7, 333, 4096])
def test_orders_are_those_of_python(samples):
    random.set_random_seed(samples)
    python = [random.shuffle(ops.arange(samples)).numpy().tolist() for _ in range(3)]
    seed, count = random.global_seed_generator().state.numpy().tolist()
    code = f"""
        import {{ drawOrder }} from '{RUNTIME}/threefry.js';
        const orders = [3, 2, 1].map((back) => [...drawOrder({seed}, {count} - back, {samples})]);
        console.log(JSON.stringify(orders));
    """
    assert json.loads(node("--input-type=module", "--eval", code)) == python


def test_equal_upper_bits_are_told_apart_by_the_lower_ones(tmp_path):
    """Of 200,000 samples about five pairs have the same 32 upper bits."""
    random.set_random_seed(5)
    python = random.shuffle(ops.arange(200_000)).numpy().astype(np.int32)
    seed, count = random.global_seed_generator().state.numpy().tolist()
    place = tmp_path / "order"
    code = f"""
        import {{ writeFileSync }} from 'node:fs';
        import {{ drawOrder }} from '{RUNTIME}/threefry.js';
        writeFileSync('{place}', drawOrder({seed}, {count} - 1, 200000));
    """
    node("--input-type=module", "--eval", code)
    np.testing.assert_array_equal(np.frombuffer(place.read_bytes(), np.int32), python)
