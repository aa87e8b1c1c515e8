"""Attention and its gradient without a matrix of all weights: they exist block by block only."""

from thalweg.compiler.render.llvm.attention import backward, forward
from thalweg.compiler.render.llvm.attention.setting import takes

__all__ = ["render", "render_gradient", "takes"]

render = forward.render
render_gradient = backward.render
