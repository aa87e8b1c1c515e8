"""The page of a pass: the exported Program, what its results are, and where they are shown."""

from __future__ import annotations

import base64
import html
import tempfile
from collections.abc import Sequence
from importlib import resources
from typing import Any

import numpy as np

from thalweg.tensor.variable import Variable
from thalweg.tracing.concrete import ConcreteFunction
from thalweg.viz.backprop.knobs import Knob, knobs_for
from thalweg.viz.backprop.labels import is_brief, notes_of, title_of
from thalweg.viz.backprop.moments import moments_of
from thalweg.viz.backprop.page_scene import SIZES, scenes
from thalweg.viz.backprop.question import Question
from thalweg.viz.backprop.result import BackwardPass
from thalweg.viz.backprop.sketch import Sketch, SketchNode
from thalweg.viz.backprop.trace import trace
from thalweg.viz.standalone import common_file, page_file, standalone
from thalweg.web.export import export_functions

__all__ = ["page"]

LARGEST = 12
"""Of results with more elements the page gets the norm."""

_FUNCTION = "backward_pass"
_OWN = ("backprop.js", "backprop_graph.js", "backprop_knobs.js", "backprop_words.js")
_RUNTIME = ("thalweg.js", "webgpu.js")


def page(
    found: BackwardPass,
    question: Question,
    variables: Sequence[tuple[str, Variable]],
    caption: str,
) -> str:
    """A page that needs no other file.

    Args:
        found: the numbers at first.
        question: what was asked.
        variables: those in the picture, with their names there.
        caption: one sentence about the pass.
    """
    knobs = knobs_for(question, variables)
    function, sketch = trace(question, knobs, LARGEST)
    data = {
        "function": _FUNCTION,
        "files": _exported(function),
        "knobs": [_knob(knob) for knob in knobs],
        "nodes": _nodes(sketch, found),
        "edges": _edges(sketch),
        "steps": _steps(found),
        "brief": is_brief(found),
        "within": question.layer is not None,
        "scenes": scenes(found),
        "sizes": SIZES,
    }
    return standalone(
        caption,
        page_file("backprop.html").replace("{subject}", html.escape(question.subject)),
        styles=[page_file("backprop.css")],
        modules={
            **{name: page_file(name) for name in _OWN},
            **{name: _runtime_file(name) for name in _RUNTIME},
            "dom.js": common_file("dom.js"),
        },
        start="backprop.js",
        data=data,
    )


def _exported(function: ConcreteFunction) -> dict[str, str]:
    """The files of an export by name, in base64."""
    with tempfile.TemporaryDirectory() as folder:
        site = export_functions({_FUNCTION: function}, folder, webgpu=False)
        return {
            file.name: base64.b64encode(file.read_bytes()).decode()
            for file in sorted(site.iterdir())
            if file.name not in _RUNTIME
        }


def _runtime_file(name: str) -> str:
    file = resources.files("thalweg.web").joinpath("runtime", "dist", name)
    return file.read_text(encoding="utf-8")


def _knob(knob: Knob) -> dict[str, Any]:
    return {
        "label": knob.label,
        "shape": list(knob.value.shape),
        "value": np.asarray(knob.value.numpy(), np.float64).ravel().tolist(),
        "factor": knob.is_factor,
    }


def _nodes(sketch: Sketch, found: BackwardPass) -> list[dict[str, Any]]:
    number = {node.name: k for k, node in enumerate(sketch.nodes)}
    return [
        {
            "label": title_of(node),
            "kind": own.kind,
            "shape": list(own.shape),
            "value": own.value,
            "gradient": own.gradient,
            "inputs": [number[name] for name in own.inputs],
            "weights": _weights(sketch, own),
            "notes": [{"kind": n.kind, "text": n.text} for n in notes_of(found, node)],
        }
        for own, node in zip(sketch.nodes, found, strict=True)
    ]


def _weights(sketch: Sketch, node: SketchNode) -> list[dict[str, Any]]:
    return [
        {"name": name, "gradient": gradient, "shape": list(sketch.results[value].shape)}
        for name, value, gradient in node.weights
        if gradient is not None
    ]


def _edges(sketch: Sketch) -> list[dict[str, Any]]:
    number = {node.name: k for k, node in enumerate(sketch.nodes)}
    return [
        {
            "source": number[edge.source],
            "target": None if edge.target is None else number[edge.target],
            "shape": list(edge.shape),
            "value": edge.value,
            "gradient": edge.gradient,
            "derivative": edge.derivative,
        }
        for edge in sketch.edges
    ]


def _steps(found: BackwardPass) -> list[dict[str, Any]]:
    number = {node.name: k for k, node in enumerate(found)}
    return [{"kind": m.kind, "node": number[m.node]} for m in moments_of(found)]
