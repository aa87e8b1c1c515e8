"""What users call: the Ops API under Keras's names, `thalweg.ops.<name>`.

`ops.numpy`, `ops.nn` and `ops.linalg` hold the same functions by group.
"""

from thalweg.ops import (
    control_flow,
    core,
    fourier,
    linalg,
    math,
    nn,
    numpy,
    operators,
    segment,
    updating,
)
from thalweg.ops.control_flow import *
from thalweg.ops.conversion import cast, convert_to_tensor
from thalweg.ops.core import *
from thalweg.ops.einops import rearrange
from thalweg.ops.fourier import *
from thalweg.ops.linalg import *
from thalweg.ops.math import *
from thalweg.ops.nn import *
from thalweg.ops.numpy import *
from thalweg.ops.segment import *
from thalweg.ops.updating import *

__all__ = ["cast", "convert_to_tensor", "linalg", "nn", "numpy", "operators", "rearrange"]
__all__ += control_flow.__all__
__all__ += core.__all__
__all__ += fourier.__all__
__all__ += linalg.__all__
__all__ += math.__all__
__all__ += nn.__all__
__all__ += segment.__all__
__all__ += updating.__all__
__all__ += numpy.__all__
