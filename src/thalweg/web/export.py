"""export_web: a model or functions as a folder that a static host serves to pages and to Node."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thalweg.compiler.render.llvm.leaves import flat
from thalweg.compiler.render.wgsl.dtypes import unsupported
from thalweg.compiler.target import RELAXED, SIMD128
from thalweg.saving.atomic import write_file
from thalweg.saving.variable_names import names_of
from thalweg.tracing.concrete import ConcreteFunction
from thalweg.tracing.function import Function
from thalweg.training.model import Model
from thalweg.web import weights
from thalweg.web.choice import too_small_for_webgpu
from thalweg.web.gather import Collection, of_functions, of_model
from thalweg.web.manifest import manifest
from thalweg.web.page import write_page
from thalweg.web.runtime_files import copy_runtime
from thalweg.web.shaders import Shaders
from thalweg.web.wasm.assemble import Assembled, assemble, check
from thalweg.web.wasm.layout import Layout

__all__ = ["export_functions", "export_model"]

BATCH = 32
SHARD_BYTES = 64 * 2**20
# Files that exports write; nothing else in a folder is touched, whatever its program.json says.
_OWN = re.compile(r"shaders\.\w+\.json|program\.\w+\.wasm|weights(-\d+-of-\d+)?\.safetensors")


@dataclass(frozen=True, slots=True)
class _Options:
    """How to write an export; see `Model.export_web`."""

    dtype: str
    webgpu: bool | None
    types: bool
    page: bool
    shard_bytes: int

    def __post_init__(self) -> None:
        if self.dtype not in weights.DTYPES:
            raise ValueError(
                f"export_web: dtype must be one of {weights.DTYPES}, got {self.dtype!r}."
            )
        if self.shard_bytes < 1:
            raise ValueError(f"export_web: shard_bytes must be positive, got {self.shard_bytes!r}.")


def export_model(
    model: Model,
    folder: str | os.PathLike[str],
    *,
    batch_size: int = BATCH,
    x: Any = None,
    y: Any = None,
    sample_weight: bool = False,
    dtype: str = "float32",
    webgpu: bool | None = None,
    types: bool = False,
    page: bool = False,
    shard_bytes: int = SHARD_BYTES,
) -> Path:
    """Write a model as a folder for pages; see `Model.export_web`."""
    options = _Options(dtype, webgpu, types, page, shard_bytes)
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise ValueError(f"export_web: batch_size must be an integer from 1, got {batch_size!r}.")
    if not isinstance(model, Model):
        raise TypeError(f"export_web: expected a model, got {type(model).__name__}.")
    collection = of_model(model, batch_size, x, y, sample_weight)
    return _write(collection, Path(folder), options)


def export_functions(
    functions: Mapping[str, Function | ConcreteFunction | Callable[..., Any]],
    folder: str | os.PathLike[str],
    *,
    arguments: Mapping[str, Sequence[Any]] | None = None,
    dtype: str = "float32",
    webgpu: bool | None = None,
    types: bool = False,
    shard_bytes: int = SHARD_BYTES,
) -> Path:
    """Write functions as a folder for pages, where they are called by their names.

    Args:
        functions: traced functions (`thalweg.function`), their concrete functions, or plain
            functions of tensors, by the name under which the page calls them.
        folder: where to write; it is made if need be.
        arguments: for each function that is not concrete, examples of its arguments or their
            specs (`TensorSpec`).
        dtype: of the weights in the files, see `Model.export_web`.
        webgpu: whether to write shaders; None: where they could be faster.
        types: whether to write `thalweg.d.ts`.
        shard_bytes: how large a file of weights may be.

    Raises:
        ValueError: if a function uses what no page can compute.

    >>> import tempfile, thalweg as tw
    >>> w = tw.Variable([2.0, 3.0], name="w")
    >>> @tw.function
    ... def scaled(x):
    ...     return x * w
    >>> folder = tempfile.mkdtemp()
    >>> site = tw.web.export_functions(
    ...     {"scaled": scaled}, folder, arguments={"scaled": [tw.TensorSpec((4, 2))]}
    ... )
    >>> (site / "program.json").exists()
    True
    """
    options = _Options(dtype, webgpu, types, False, shard_bytes)
    if not functions:
        raise ValueError("export_functions: give at least one function by its name.")
    collection = of_functions(functions, arguments or {})
    return _write(collection, Path(folder), options)


def _write(collection: Collection, folder: Path, options: _Options) -> Path:
    check(collection)
    names = names_of(collection.variables, collection.roles, collection.name)
    layout = Layout(collection)
    modules = assemble(collection, layout, (SIMD128, RELAXED))
    shaders = _shaders(collection, modules, options.webgpu)
    files = {modules.file(name): code for name, code in modules.modules.items()}
    if isinstance(shaders, Shaders):
        files |= {v.file: _text(v.kernels).encode() for v in shaders.variants}
    parts = weights.files(_tensors(collection, names, options.dtype, shaders), options.shard_bytes)
    files |= parts
    described = {"files": list(parts), "dtype": options.dtype}
    plain = manifest(collection, names, layout, modules, described, shaders, files)
    # Written last: a folder with a program.json is whole.
    files["program.json"] = _text(plain).encode()
    folder.mkdir(parents=True, exist_ok=True)
    copy_runtime(folder, webgpu=isinstance(shaders, Shaders), types=options.types)
    before = _files_before(folder)
    for name, content in files.items():
        write_file(folder / name, content)
    for name in before - set(files):
        (folder / name).unlink(missing_ok=True)
    if options.page:
        write_page(folder)
    return folder


def _shaders(collection: Collection, modules: Assembled, wanted: bool | None) -> Shaders | str:
    """The shaders, or why there are none."""
    if wanted is False:
        return "it was exported without WebGPU"
    reason = too_small_for_webgpu(modules.costs, collection.batch) if wanted is None else None
    if reason is not None:
        return reason
    for entry in collection.entries.values():
        for launch, _ in flat(entry.program.launches, 1, 1):
            reason = unsupported(launch)
            if reason is not None:
                return reason
    return Shaders.of(collection)


def _tensors(
    collection: Collection, names: Sequence[str], dtype: str, shaders: Shaders | str
) -> dict[str, Any]:
    named = {
        name: (variable.numpy(), role == "weight")
        for name, variable, role in zip(names, collection.variables, collection.roles, strict=True)
    }
    found = weights.contents(named, dtype)
    return found | (shaders.constants if isinstance(shaders, Shaders) else {})


def _files_before(folder: Path) -> set[str]:
    """What an export that stood in the folder brought along, and this one may not."""
    try:
        named = json.loads((folder / "program.json").read_text())["checksums"]
    except (OSError, ValueError, LookupError, TypeError):
        return set()
    return {name for name in named if _OWN.fullmatch(name)}


def _text(plain: Any) -> str:
    return json.dumps(plain, separators=(",", ":"))
