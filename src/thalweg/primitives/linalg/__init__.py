"""Linear algebra: primitives over the last two axes, all axes before them are batch axes.

On the CPU they call LAPACK through NumPy. Inputs are float32, float64, complex64 or complex128.
Gradients are written for complex matrices; for real ones the adjoint is the transpose. A
decomposition of a Hermitian matrix (`cholesky`, `eigh`) takes the Hermitian part of what it is
given, so its gradient is Hermitian and exact for every element.

Sources of the gradients: M. Giles, "Collected matrix derivative results for forward and reverse
mode algorithmic differentiation" (2008); I. Murray, "Differentiation of the Cholesky
decomposition" (2016); J. Townsend, "Differentiating the singular value decomposition" (2016);
S. F. Walter and L. Lehmann, "Algorithmic differentiation of linear algebra functions with
application in optimum experimental design" (2010).
"""

from thalweg.primitives.linalg.determinants import adjugate, det, slogdet
from thalweg.primitives.linalg.factors import cholesky, lu, qr
from thalweg.primitives.linalg.pseudoinverse import pinv
from thalweg.primitives.linalg.solving import inv, solve, triangular_solve
from thalweg.primitives.linalg.spectra import eig, eigh, svd

__all__ = [
    "adjugate",
    "cholesky",
    "det",
    "eig",
    "eigh",
    "inv",
    "lu",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "triangular_solve",
]
