"""Attention and its gradient without a matrix of all weights: they exist tile by tile only."""

from thalweg.compiler.render.wgsl.special.attention import backward, forward

__all__ = ["render", "render_gradient"]

render = forward.render
render_gradient = backward.render
