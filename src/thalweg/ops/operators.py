"""Gives tensors and gradient rules, in rooms below, the operations they use by name."""

from thalweg.ops import numpy
from thalweg.ops.conversion import cast, convert_to_tensor
from thalweg.tensor.operators import OPERATIONS

OPERATIONS.update({name: getattr(numpy, name) for name in numpy.__all__})
OPERATIONS.update(cast=cast, convert_to_tensor=convert_to_tensor)
