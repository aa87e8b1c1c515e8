"""Operations of functional models under the names by which Keras 3 writes them.

A closed table: what a file names is looked up here and nowhere else.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from thalweg import ops

__all__ = ["Operation", "operation_named", "operation_of"]

# For each module of Keras, a line for each operation: Keras's class, the function of
# `thalweg.ops`, and those of its arguments that Keras keeps with the operation, not with the call.
_TABLE = {
    "keras.src.ops.numpy": """
        Abs abs
        Absolute absolute
        Add add
        All all axis keepdims
        AllClose allclose rtol atol equal_nan
        Amax amax axis keepdims
        Amin amin axis keepdims
        Angle angle
        Any any axis keepdims
        Append append axis
        Arccos arccos
        Arccosh arccosh
        Arcsin arcsin
        Arcsinh arcsinh
        Arctan arctan
        Arctan2 arctan2
        Arctanh arctanh
        Argmax argmax axis keepdims
        Argmin argmin axis keepdims
        Argpartition argpartition kth axis
        Argsort argsort axis
        ArraySplit array_split indices_or_sections axis
        Average average axis
        Bincount bincount weights minlength sparse
        BitwiseAnd bitwise_and
        BitwiseInvert bitwise_invert
        BitwiseLeftShift bitwise_left_shift
        BitwiseNot bitwise_not
        BitwiseOr bitwise_or
        BitwiseRightShift bitwise_right_shift
        BitwiseXor bitwise_xor
        BroadcastTo broadcast_to shape
        Cbrt cbrt
        Ceil ceil
        Clip clip x_min x_max
        Concatenate concatenate axis
        Conj conj
        Conjugate conjugate
        Copy copy
        Corrcoef corrcoef
        Correlate correlate mode
        Cos cos
        Cosh cosh
        CountNonzero count_nonzero axis
        Cross cross axisa axisb axisc axis
        Cumprod cumprod axis dtype
        Cumsum cumsum axis dtype
        Deg2rad deg2rad
        Diag diag k
        Diagflat diagflat k
        Diagonal diagonal offset axis1 axis2
        Diff diff n axis
        Digitize digitize
        Divide divide
        DivideNoNan divide_no_nan
        Dot dot
        Dsplit dsplit indices_or_sections
        Dstack dstack
        Einsum einsum subscripts
        EmptyLike empty_like dtype
        Equal equal
        Exp exp
        Exp2 exp2
        ExpandDims expand_dims axis
        Expm1 expm1
        Fabs fabs
        Flip flip axis
        Fliplr fliplr
        Flipud flipud
        Floor floor
        FloorDivide floor_divide
        Fmax fmax
        Fmin fmin
        Fmod fmod
        Full full shape dtype
        FullLike full_like dtype
        Gcd gcd
        Geomspace geomspace num endpoint dtype axis
        GetItem get_item
        Greater greater
        GreaterEqual greater_equal
        Heaviside heaviside
        Histogram histogram bins range
        Hsplit hsplit indices_or_sections
        Hstack hstack
        Hypot hypot
        I0 i0
        Imag imag
        Inner inner
        IsIn isin assume_unique invert
        Isclose isclose equal_nan
        Isfinite isfinite
        Isinf isinf
        Isnan isnan
        Isneginf isneginf
        Isposinf isposinf
        Isreal isreal
        Kron kron
        Lcm lcm
        Ldexp ldexp
        LeftShift left_shift
        Less less
        LessEqual less_equal
        Linspace linspace num endpoint retstep dtype axis
        Log log
        Log10 log10
        Log1p log1p
        Log2 log2
        Logaddexp logaddexp
        Logaddexp2 logaddexp2
        LogicalAnd logical_and
        LogicalNot logical_not
        LogicalOr logical_or
        LogicalXor logical_xor
        Logspace logspace num endpoint base dtype axis
        Matmul matmul
        Max max axis keepdims initial
        Maximum maximum
        Mean mean axis keepdims
        Median median axis keepdims
        Meshgrid meshgrid indexing
        Min min axis keepdims initial
        Minimum minimum
        Mod mod
        Moveaxis moveaxis source destination
        Multiply multiply
        NanToNum nan_to_num nan posinf neginf
        Nanargmax nanargmax axis keepdims
        Nanargmin nanargmin axis keepdims
        Nancumprod nancumprod axis dtype
        Nancumsum nancumsum axis dtype
        Nanmax nanmax axis keepdims
        Nanmean nanmean axis keepdims
        Nanmedian nanmedian axis keepdims
        Nanmin nanmin axis keepdims
        Nanpercentile nanpercentile axis method keepdims
        Nanprod nanprod axis keepdims
        Nanquantile nanquantile axis method keepdims
        Nanstd nanstd axis keepdims
        Nansum nansum axis keepdims
        Nanvar nanvar axis keepdims
        Ndim ndim
        Negative negative
        Nextafter nextafter
        Nonzero nonzero
        NotEqual not_equal
        OnesLike ones_like dtype
        Outer outer
        Pad pad pad_width mode
        Percentile percentile axis method keepdims
        Power power
        Prod prod axis keepdims dtype
        Ptp ptp axis keepdims
        Quantile quantile axis method keepdims
        Rad2deg rad2deg
        Ravel ravel
        Real real
        Reciprocal reciprocal
        Repeat repeat repeats axis
        Reshape reshape newshape
        RightShift right_shift
        Roll roll shift axis
        Rot90 rot90 k axes
        Round round decimals
        SearchSorted searchsorted side
        Select select
        Sign sign
        Signbit signbit
        Sin sin
        Sinc sinc
        Sinh sinh
        Size size
        Slogdet slogdet
        Sort sort axis
        Split split indices_or_sections axis
        Sqrt sqrt
        Square square
        Squeeze squeeze axis
        Stack stack axis
        Std std axis keepdims
        Subtract subtract
        Sum sum axis keepdims
        Swapaxes swapaxes axis1 axis2
        Take take axis
        TakeAlongAxis take_along_axis axis
        Tan tan
        Tanh tanh
        Tensordot tensordot axes
        Tile tile repeats
        Trace trace offset axis1 axis2
        Transpose transpose axes
        Trapezoid trapezoid x dx axis
        Tril tril k
        Triu triu k
        TrueDivide true_divide
        Trunc trunc
        Unique unique sorted return_index return_inverse return_counts axis size fill_value
        UnravelIndex unravel_index shape
        Vander vander N increasing
        Var var axis keepdims
        Vdot vdot
        View view dtype
        Vsplit vsplit indices_or_sections
        Vstack vstack
        Where where
        ZerosLike zeros_like dtype
    """,
    "keras.src.ops.nn": """
        AdaptiveAveragePool adaptive_average_pool output_size data_format
        AdaptiveMaxPool adaptive_max_pool output_size data_format
        AveragePool average_pool pool_size strides padding data_format
        BatchNorm batch_normalization axis epsilon
        BinaryCrossentropy binary_crossentropy from_logits
        CategoricalCrossentropy categorical_crossentropy from_logits axis
        Celu celu alpha
        Conv conv strides padding data_format dilation_rate
        ConvTranspose conv_transpose strides padding output_padding data_format dilation_rate
        DepthToSpace depth_to_space block_size data_format
        DepthwiseConv depthwise_conv strides padding data_format dilation_rate
        DotProductAttention dot_product_attention is_causal flash_attention attn_logits_soft_cap
        Elu elu alpha
        Fold fold output_size kernel_size dilation padding stride
        Gelu gelu approximate
        Glu glu axis
        HardShrink hard_shrink threshold
        HardSigmoid hard_sigmoid
        HardSilu hard_silu
        HardTanh hard_tanh
        LayerNorm layer_normalization axis epsilon
        LeakyRelu leaky_relu negative_slope
        LogSigmoid log_sigmoid
        LogSoftmax log_softmax axis
        MaxPool max_pool pool_size strides padding data_format
        Moments moments axes keepdims synchronized
        MultiHot multi_hot num_classes axis dtype
        Normalize normalize axis order epsilon
        OneHot one_hot num_classes axis dtype
        PSNR psnr max_val
        Polar polar
        RMSNorm rms_normalization axis epsilon
        Relu relu
        Relu6 relu6
        Selu selu
        SeparableConv separable_conv strides padding data_format dilation_rate
        Sigmoid sigmoid
        Silu silu
        SoftShrink soft_shrink threshold
        Softmax softmax axis
        Softplus softplus
        Softsign softsign
        SpaceToDepth space_to_depth block_size data_format
        SparseCategoricalCrossentropy sparse_categorical_crossentropy from_logits axis
        SparsePlus sparse_plus
        SparseSigmoid sparse_sigmoid
        Sparsemax sparsemax axis
        Squareplus squareplus b
        TanhShrink tanh_shrink
        Threshold threshold threshold default_value
        Unfold unfold kernel_size dilation padding stride
    """,
    "keras.src.ops.math": """
        CDist cdist
        Erf erf
        Erfc erfc
        Erfinv erfinv
        ExtractSequences extract_sequences sequence_length sequence_stride
        FFT fft
        FFT2 fft2
        IFFT2 ifft2
        IRFFT irfft fft_length
        ISTFT istft sequence_length sequence_stride fft_length length window center
        InTopK in_top_k k
        Logdet logdet
        Logsumexp logsumexp axis keepdims
        RFFT rfft fft_length
        Rsqrt rsqrt
        STFT stft sequence_length sequence_stride fft_length window center
        SegmentMax segment_max num_segments sorted
        SegmentMin segment_min num_segments sorted
        SegmentProd segment_prod num_segments sorted
        SegmentSum segment_sum num_segments sorted
        TopK top_k k sorted
        ViewAsComplex view_as_complex
        ViewAsReal view_as_real
    """,
    "keras.src.ops.core": """
        Cast cast dtype
        ConvertToTensor convert_to_tensor dtype
        SaturateCast saturate_cast dtype
        Scatter scatter shape
        ScatterUpdate scatter_update reduction
        Slice slice shape
        SliceUpdate slice_update
        StopGradient stop_gradient
        Unstack unstack num axis
    """,
    "keras.src.ops.linalg": """
        Cholesky cholesky upper
        CholeskyInverse cholesky_inverse upper
        Det det
        Eig eig
        Eigh eigh
        Inv inv
        Lstsq lstsq rcond
        LuFactor lu_factor
        MatrixRank matrix_rank tol
        Norm norm ord axis keepdims
        Pinv pinv rcond
        Qr qr mode
        SVD svd full_matrices compute_uv
        Solve solve
        SolveTriangular solve_triangular lower
    """,
}


@dataclass(frozen=True)
class Operation:
    """One line of the table.

    Attributes:
        module: the module that Keras writes.
        class_name: the class that Keras writes.
        name: the function of `thalweg.ops`.
        settings: the arguments that are written once for the operation.
    """

    module: str
    class_name: str
    name: str
    settings: tuple[str, ...]

    def function(self) -> Callable[..., Any]:
        """The function of `thalweg.ops`."""
        found: Callable[..., Any] = getattr(ops, self.name)
        return found


@functools.cache
def _rows() -> dict[tuple[str, str], Operation]:
    found = {}
    for module, lines in _TABLE.items():
        for line in lines.strip().splitlines():
            class_name, name, *settings = line.split()
            found[module, class_name] = Operation(module, class_name, name, tuple(settings))
    return found


@functools.cache
def _rows_by_function() -> dict[Callable[..., Any], Operation]:
    return {row.function(): row for row in _rows().values()}


def operation_named(module: Any, class_name: Any) -> Operation | None:
    """The line for a module and class that a file names, or None."""
    if not isinstance(module, str) or not module.startswith("keras.src.ops."):
        return None
    row = _rows().get((module, class_name))
    if row is None:
        raise ValueError(f"The operation {class_name!r} (module {module!r}) is not known.")
    return row


def operation_of(function: Callable[..., Any]) -> Operation | None:
    """The line for a function of `thalweg.ops`, or None."""
    return _rows_by_function().get(function)
