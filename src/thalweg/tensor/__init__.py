"""The ground floor: dtypes, tensors, variables, and the context that listens to them."""

from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import as_dtype, result_type
from thalweg.tensor.tensor import Tensor, TensorSpec
from thalweg.tensor.variable import Variable

__all__ = ["Tensor", "TensorSpec", "Variable", "as_dtype", "convert_to_tensor", "result_type"]
