"""From a Flow of operations to a Program of kernels: what is fused with what, and where it lies.

`elements` computes one element of a value; `choice` decides which values are stored; `clusters`
brings those together that one kernel can make; `kernels` writes it (`window` and what it calls for
convolution and pooling); `coalesce` joins its loops; `blocks` puts all in order and gives every
stored value its buffer.
"""
