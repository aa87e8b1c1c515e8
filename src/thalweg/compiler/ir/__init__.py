"""The intermediate representation: what the passes make and the renderers read.

`index`: where an element lies; `expression`: how a value is computed; `statement`: loops and stores
around it; `program`: buffers, kernels and launches.
"""
