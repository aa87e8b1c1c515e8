"""GPUs of any vendor, through WebGPU: the package `wgpu` runs what the WGSL renderer writes.

`gpu`: the adapter, and what is made once for it; `memory`: the one buffer that a Program works in,
with the values of variables; `words`: elements as they lie there; `slots`: the numbers that shaders
read of a run; `dataset`: rows on the GPU, and the shader that gathers them; `results`: their way
back; `recorder`: commands, many in one submit; `schedule`: from a Program to commands;
`executable`: a Program that can be run, made by `load`. For explanations: `leaves`, the dispatches;
`clock`, the time of each; `limit`, what the GPU reaches; `shaders`, the text.
"""
