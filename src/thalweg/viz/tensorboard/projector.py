"""Embeddings for TensorBoard's projector: tables as text, and the file that names them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from thalweg.layers import Embedding
from thalweg.saving.atomic import write_file

__all__ = ["Projector"]


class Projector:
    """The embeddings of a model in a folder.

    Args:
        folder: the `log_dir`.
        model: whose layers `Embedding` are written.
        metadata: the file with labels for all of them, or such files by the name of the layer; a
            path is relative to the folder.

    Raises:
        ValueError: if `metadata` names layers that are no embeddings of the model.
    """

    def __init__(self, folder: str, model: Any, metadata: str | Mapping[str, str] | None) -> None:
        from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

        self._layers = {
            layer.name: layer for layer in model._flatten_layers() if isinstance(layer, Embedding)
        }
        self._folder = Path(folder)
        files = {} if metadata is None or isinstance(metadata, str) else dict(metadata)
        unknown = sorted(set(files) - set(self._layers))
        if unknown:
            raise ValueError(
                f"TensorBoard: embeddings_metadata names {', '.join(map(repr, unknown))}, but the "
                f"embeddings of model '{model.name}' are "
                f"{', '.join(map(repr, self._layers)) or 'none'}."
            )
        config = ProjectorConfig()
        for name in self._layers:
            labels = metadata if isinstance(metadata, str) else files.get(name, "")
            config.embeddings.add(tensor_name=name, tensor_path=f"{name}.tsv", metadata_path=labels)
        self._folder.mkdir(parents=True, exist_ok=True)
        write_file(self._folder / "projector_config.pbtxt", str(config).encode())

    def write(self) -> None:
        """Write the tables as they are now, in place of older ones."""
        for name, layer in self._layers.items():
            table = np.asarray(layer.embeddings.numpy(), np.float64)
            rows = "\n".join("\t".join(f"{v:.9g}" for v in row) for row in table)
            write_file(self._folder / f"{name}.tsv", f"{rows}\n".encode())
