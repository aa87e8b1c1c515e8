"""These tests compare with Keras on JAX, which only `./check --peers` installs."""

from __future__ import annotations

import importlib.util
import os

os.environ.setdefault("KERAS_BACKEND", "jax")

if importlib.util.find_spec("keras") is None:
    collect_ignore_glob = ["*.py"]
