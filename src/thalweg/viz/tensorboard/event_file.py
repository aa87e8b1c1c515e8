"""EventFile: scalars, histograms, images and models in the form in which TensorBoard reads them.

The summaries are those that TensorFlow 2 writes: tensors, with the data of the plugin that shows
them.
"""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np

__all__ = ["EventFile", "require_tensorboard"]

Array = np.ndarray[Any, Any]

# Seconds after which what was written can be seen.
_FLUSH_SECONDS = 2
_QUEUE = 1000


def require_tensorboard() -> None:
    """Say in one sentence if it is not installed.

    Raises:
        ImportError: then.
    """
    try:
        importlib.import_module("tensorboard.summary.writer.event_file_writer")
    except ImportError as missing:
        raise ImportError(
            "TensorBoard needs the tensorboard package, which is not installed: "
            "pip install thalweg[tensorboard]."
        ) from missing


class EventFile:
    """A new event file.

    Args:
        folder: where; it is made if there is none.
    """

    def __init__(self, folder: str) -> None:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        self._writer = EventFileWriter(folder, _QUEUE, _FLUSH_SECONDS)

    def scalars(self, values: Mapping[str, Any], step: int) -> None:
        """Numbers by tag."""
        from tensorboard.plugins.scalar.summary_v2 import scalar_pb

        self._add([v for tag, x in values.items() for v in scalar_pb(tag, x).value], step)

    def histogram(self, tag: str, values: Array, step: int) -> None:
        """How the values are distributed over 30 buckets; what is not finite is left out."""
        from tensorboard.plugins.histogram.summary_v2 import histogram_pb

        numbers = np.asarray(values, np.float64)
        self._add(histogram_pb(tag, numbers[np.isfinite(numbers)]).value, step)

    def images(self, tag: str, pictures: Array, step: int) -> None:
        """Pictures: uint8 of shape (n, height, width, channels), with 1 or 3 channels."""
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.plugins.image.metadata import create_summary_metadata
        from tensorboard.util.tensor_util import make_tensor_proto

        _, height, width, _ = pictures.shape
        content = [str(width).encode(), str(height).encode(), *map(_png, pictures)]
        metadata = create_summary_metadata(display_name=None, description=None)
        tensor = make_tensor_proto(np.array(content, dtype=object))
        self._add([Summary.Value(tag=tag, metadata=metadata, tensor=tensor)], step)

    def keras_model(self, description: str) -> None:
        """A model for the page of graphs.

        Args:
            description: what `to_json` says of it. It is written as Keras does, which the page
                shows as the conceptual graph, and as the graph that it shows when it is opened.
        """
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
        from tensorboard.plugins.graph.keras_util import keras_model_to_graph_def
        from tensorboard.plugins.graph.metadata import PLUGIN_NAME_KERAS_MODEL
        from tensorboard.util.tensor_util import make_tensor_proto

        config = json.loads(description)
        graph = keras_model_to_graph_def(config)
        # Without the box around the whole model its layers are seen at once.
        outermost = f"{config['config']['name']}/"
        for node in graph.node:
            node.op = node.attr["keras_class"].s.decode()
            node.name = node.name.removeprefix(outermost)
            node.input[:] = [name.removeprefix(outermost) for name in node.input]
        layers = graph.SerializeToString()
        self._writer.add_event(Event(wall_time=time.time(), graph_def=layers))
        plugin = SummaryMetadata.PluginData(plugin_name=PLUGIN_NAME_KERAS_MODEL, content=b"1")
        tensor = make_tensor_proto(np.array(description.encode(), dtype=object))
        metadata = SummaryMetadata(plugin_data=plugin)
        self._add([Summary.Value(tag="keras", metadata=metadata, tensor=tensor)], 0)

    def close(self) -> None:
        """Write what is left."""
        self._writer.close()

    def _add(self, values: Any, step: int) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        summary = Summary(value=values)
        self._writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))


def _png(picture: Array) -> bytes:
    from PIL import Image

    file = BytesIO()
    Image.fromarray(picture.squeeze(-1) if picture.shape[-1] == 1 else picture).save(file, "PNG")
    return file.getvalue()
