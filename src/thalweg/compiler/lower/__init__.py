"""From a Flow of operations to a Program of kernels: what is fused with what, and where it lies.

`elements` computes one element of a value; `choice` decides which values are stored; `clusters`
brings those together that one kernel can make; `maps`, `rows`, `columns` and `contractions` write
the kernels; `blocks` puts them in order and gives every stored value its buffer.
"""
