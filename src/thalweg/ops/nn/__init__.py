"""Operations of neural networks, under the names of `keras.ops.nn`."""

from thalweg.ops.nn.attention import dot_product_attention
from thalweg.ops.nn.convolution import conv, conv_transpose, depthwise_conv, separable_conv
from thalweg.ops.nn.crossentropy import (
    binary_crossentropy,
    categorical_crossentropy,
    sparse_categorical_crossentropy,
)
from thalweg.ops.nn.ctc import ctc_loss
from thalweg.ops.nn.ctc_decode import ctc_decode
from thalweg.ops.nn.encoding import multi_hot, one_hot
from thalweg.ops.nn.normalization import (
    batch_normalization,
    layer_normalization,
    moments,
    normalize,
    rms_normalization,
)
from thalweg.ops.nn.patches import depth_to_space, fold, space_to_depth, unfold
from thalweg.ops.nn.pooling import (
    adaptive_average_pool,
    adaptive_max_pool,
    average_pool,
    max_pool,
)
from thalweg.ops.nn.rectifiers import (
    celu,
    elu,
    hard_shrink,
    hard_tanh,
    leaky_relu,
    relu,
    relu6,
    selu,
    soft_shrink,
    threshold,
)
from thalweg.ops.nn.sigmoids import (
    gelu,
    glu,
    hard_sigmoid,
    hard_silu,
    hard_swish,
    log_sigmoid,
    sigmoid,
    silu,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    squareplus,
    swish,
    tanh_shrink,
)
from thalweg.ops.nn.signals import polar, psnr
from thalweg.ops.nn.softmax import log_softmax, softmax, sparsemax

__all__ = [
    "adaptive_average_pool",
    "adaptive_max_pool",
    "average_pool",
    "batch_normalization",
    "binary_crossentropy",
    "categorical_crossentropy",
    "celu",
    "conv",
    "conv_transpose",
    "ctc_decode",
    "ctc_loss",
    "depth_to_space",
    "depthwise_conv",
    "dot_product_attention",
    "elu",
    "fold",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "layer_normalization",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "max_pool",
    "moments",
    "multi_hot",
    "normalize",
    "one_hot",
    "polar",
    "psnr",
    "relu",
    "relu6",
    "rms_normalization",
    "selu",
    "separable_conv",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "space_to_depth",
    "sparse_categorical_crossentropy",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh_shrink",
    "threshold",
    "unfold",
]
