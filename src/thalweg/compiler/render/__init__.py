"""Renderers: kernels as the text of a language that a device takes."""
