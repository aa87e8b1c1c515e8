"""Kernels with a generator of their own, by family."""

from __future__ import annotations

from collections.abc import Callable

from thalweg.compiler.ir.program import Special
from thalweg.compiler.render.wgsl.kernel import KernelShader
from thalweg.compiler.render.wgsl.layout import Room
from thalweg.compiler.render.wgsl.special import attention, cumulative, order, scatter, update

__all__ = ["RENDERERS"]

# From a kernel and the places of its buffers to the shaders that run one after another.
RENDERERS: dict[str, Callable[[Special, Room], list[KernelShader]]] = {
    "attention": attention.render,
    "attention_gradient": attention.render_gradient,
    "argsort": order.render_argsort,
    "cummax": cumulative.render,
    "cummin": cumulative.render,
    "cumprod": cumulative.render,
    "cumsum": cumulative.render,
    "dynamic_update_slice": update.render,
    "scatter": scatter.render,
    "top_k": order.render_top_k,
}
