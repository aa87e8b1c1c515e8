"""The operations of NumPy under the names of `keras.ops.numpy`."""

from thalweg.ops import (
    bitwise,
    bounds,
    comparison,
    complex,
    conversion,
    creation,
    cumulative,
    diagonals,
    differences,
    elementwise,
    indexing,
    joining,
    missing,
    padding,
    quantiles,
    reduction,
    rounding,
    sets,
    shaping,
    sorting,
    spacing,
    statistics,
    taking,
    transcendental,
    vectorization,
    windows,
)
from thalweg.ops.bitwise import *
from thalweg.ops.bounds import *
from thalweg.ops.comparison import *
from thalweg.ops.complex import *
from thalweg.ops.conversion import *
from thalweg.ops.creation import *
from thalweg.ops.cumulative import *
from thalweg.ops.diagonals import *
from thalweg.ops.differences import *
from thalweg.ops.einsum import einsum
from thalweg.ops.elementwise import *
from thalweg.ops.indexing import *
from thalweg.ops.joining import *
from thalweg.ops.linalg import slogdet
from thalweg.ops.matmul import cross, dot, inner, kron, matmul, outer, tensordot, trace, vdot
from thalweg.ops.missing import *
from thalweg.ops.padding import *
from thalweg.ops.quantiles import *
from thalweg.ops.reduction import *
from thalweg.ops.rounding import *
from thalweg.ops.sets import *
from thalweg.ops.shaping import *
from thalweg.ops.sorting import *
from thalweg.ops.spacing import *
from thalweg.ops.statistics import *
from thalweg.ops.taking import *
from thalweg.ops.transcendental import *
from thalweg.ops.vectorization import *
from thalweg.ops.windows import *

__all__ = [
    "cross",
    "dot",
    "einsum",
    "inner",
    "kron",
    "matmul",
    "outer",
    "slogdet",
    "tensordot",
    "trace",
    "vdot",
]
__all__ += bitwise.__all__
__all__ += bounds.__all__
__all__ += comparison.__all__
__all__ += complex.__all__
__all__ += conversion.__all__
__all__ += creation.__all__
__all__ += cumulative.__all__
__all__ += diagonals.__all__
__all__ += differences.__all__
__all__ += elementwise.__all__
__all__ += indexing.__all__
__all__ += joining.__all__
__all__ += missing.__all__
__all__ += padding.__all__
__all__ += quantiles.__all__
__all__ += reduction.__all__
__all__ += rounding.__all__
__all__ += sets.__all__
__all__ += shaping.__all__
__all__ += sorting.__all__
__all__ += spacing.__all__
__all__ += statistics.__all__
__all__ += taking.__all__
__all__ += transcendental.__all__
__all__ += vectorization.__all__
__all__ += windows.__all__
