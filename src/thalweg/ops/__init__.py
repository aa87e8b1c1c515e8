"""What users call: the Ops API under Keras's names, `thalweg.ops.<name>`.

`ops.numpy`, `ops.nn` and `ops.linalg` hold the same functions by group. Type checkers do not follow
`import *` over two modules, so the functions of `ops.numpy` are gathered here once more.
"""

from thalweg.ops import (
    bitwise,
    bounds,
    comparison,
    complex,
    control_flow,
    conversion,
    core,
    creation,
    cumulative,
    derivatives,
    diagonals,
    differences,
    elementwise,
    fourier,
    indexing,
    joining,
    linalg,
    math,
    missing,
    nn,
    numpy,
    operators,
    padding,
    quantiles,
    reduction,
    rounding,
    segment,
    sets,
    shaping,
    sorting,
    spacing,
    statistics,
    taking,
    transcendental,
    updating,
    vectorization,
    windows,
)
from thalweg.ops.bitwise import *
from thalweg.ops.bounds import *
from thalweg.ops.comparison import *
from thalweg.ops.complex import *
from thalweg.ops.control_flow import *
from thalweg.ops.conversion import *
from thalweg.ops.conversion import cast, convert_to_tensor
from thalweg.ops.core import *
from thalweg.ops.creation import *
from thalweg.ops.cumulative import *
from thalweg.ops.derivatives import *
from thalweg.ops.diagonals import *
from thalweg.ops.differences import *
from thalweg.ops.einops import rearrange
from thalweg.ops.einsum import einsum
from thalweg.ops.elementwise import *
from thalweg.ops.fourier import *
from thalweg.ops.indexing import *
from thalweg.ops.joining import *
from thalweg.ops.linalg import *
from thalweg.ops.math import *
from thalweg.ops.matmul import cross, dot, inner, kron, matmul, outer, tensordot, trace, vdot
from thalweg.ops.missing import *
from thalweg.ops.nn import *
from thalweg.ops.padding import *
from thalweg.ops.quantiles import *
from thalweg.ops.reduction import *
from thalweg.ops.rounding import *
from thalweg.ops.segment import *
from thalweg.ops.sets import *
from thalweg.ops.shaping import *
from thalweg.ops.sorting import *
from thalweg.ops.spacing import *
from thalweg.ops.statistics import *
from thalweg.ops.taking import *
from thalweg.ops.transcendental import *
from thalweg.ops.updating import *
from thalweg.ops.vectorization import *
from thalweg.ops.windows import *

__all__ = [
    "cast",
    "convert_to_tensor",
    "cross",
    "dot",
    "einsum",
    "inner",
    "kron",
    "linalg",
    "matmul",
    "nn",
    "numpy",
    "operators",
    "outer",
    "rearrange",
    "tensordot",
    "trace",
    "vdot",
]
__all__ += bitwise.__all__
__all__ += bounds.__all__
__all__ += comparison.__all__
__all__ += complex.__all__
__all__ += control_flow.__all__
__all__ += conversion.__all__
__all__ += core.__all__
__all__ += creation.__all__
__all__ += cumulative.__all__
__all__ += derivatives.__all__
__all__ += diagonals.__all__
__all__ += differences.__all__
__all__ += elementwise.__all__
__all__ += fourier.__all__
__all__ += indexing.__all__
__all__ += joining.__all__
__all__ += linalg.__all__
__all__ += math.__all__
__all__ += missing.__all__
__all__ += nn.__all__
__all__ += padding.__all__
__all__ += quantiles.__all__
__all__ += reduction.__all__
__all__ += rounding.__all__
__all__ += segment.__all__
__all__ += sets.__all__
__all__ += shaping.__all__
__all__ += sorting.__all__
__all__ += spacing.__all__
__all__ += statistics.__all__
__all__ += taking.__all__
__all__ += transcendental.__all__
__all__ += updating.__all__
__all__ += vectorization.__all__
__all__ += windows.__all__
