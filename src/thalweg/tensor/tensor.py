"""The immutable tensor."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from thalweg.tensor.context import CONTEXT
from thalweg.tensor.dtypes import DType, as_dtype, bfloat16
from thalweg.tensor.operators import Operators

__all__ = ["Tensor", "TensorSpec"]


class TensorSpec:
    """Shape and dtype of a tensor, without values.

    >>> TensorSpec((2, 3), "float32")
    TensorSpec(shape=(2, 3), dtype=float32)
    """

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: Any = "float32") -> None:
        self.shape = tuple(shape)
        self.dtype = as_dtype(dtype)

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype.name})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TensorSpec):
            return NotImplemented
        return self.shape == other.shape and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype.name))


class Tensor(Operators):
    """An n-dimensional array of one dtype whose values never change.

    Tensors come from `thalweg.constant`, `ops.convert_to_tensor` and every operation. They mix
    with NumPy arrays and Python numbers, and NumPy functions accept them.

    Args:
        value: the array. The tensor keeps a read-only view of it, so the caller must not write
            to the array afterwards; the public constructors copy what they are given.

    >>> import thalweg as tw
    >>> t = tw.constant([[1.0, 2.0], [3.0, 4.0]])
    >>> t
    <Tensor shape=(2, 2) dtype=float32
    [[1. 2.]
     [3. 4.]]>
    >>> (t * 2)[0, 1].numpy()
    np.float32(4.0)
    """

    __slots__ = ("__weakref__", "_keras_mask", "_origin", "_value")

    _value: np.ndarray[Any, Any]
    # The mask that travels with the output of Embedding or Masking to the layers after it.
    _keras_mask: Tensor | None
    # Name of the Variable that this value was computed from outside of any tape; it lets
    # `GradientTape.explain` recognise `v = v - g`, where the name no longer means the Variable.
    _origin: str | None

    def __init__(self, value: np.ndarray[Any, Any]) -> None:
        view = value.view()
        view.flags.writeable = False
        self._value = view
        self._keras_mask = None
        self._origin = None

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """The length of each axis."""
        return self._value.shape

    @property
    def dtype(self) -> DType:
        """The NumPy dtype of the elements (`ml_dtypes.bfloat16` included)."""
        return self._value.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def device(self) -> str:
        """Where the values are kept."""
        return "cpu"

    def numpy(self) -> Any:
        """The values as a read-only NumPy array; a NumPy scalar when there are no axes."""
        for recorder in CONTEXT.recorders:
            recorder.left(self)
        return self._value if self._value.ndim else self._value[()]

    def item(self) -> Any:
        """The only element, as a Python number."""
        if self.size != 1:
            raise ValueError(f"item() needs a tensor with one element, got shape {self.shape}.")
        for recorder in CONTEXT.recorders:
            recorder.left(self)
        return self._value.item()

    def tolist(self) -> Any:
        """The values as nested Python lists."""
        return np.asarray(self).tolist()

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Any:
        for recorder in CONTEXT.recorders:
            recorder.left(self)
        if dtype is None or np.dtype(dtype) == self._value.dtype:
            return self._value.copy() if copy else self._value
        if copy is False:
            raise ValueError(f"A {self.dtype.name} tensor becomes {dtype!r} only by a copy.")
        return self._value.astype(dtype)

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(
                f"The truth value of a tensor with shape {self.shape} is ambiguous: "
                "use ops.any() or ops.all()."
            )
        return bool(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self.dtype.kind not in "iub" or self.ndim:
            raise TypeError(
                "Only an integer tensor without axes can be an index, got "
                f"{self.dtype.name} with shape {self.shape}."
            )
        return int(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        raise TypeError(
            "A Tensor cannot be changed in place; use a Variable and its assign(), or build a new "
            "tensor with ops.slice_update() or ops.where()."
        )

    def __deepcopy__(self, memo: Any) -> Tensor:
        return self

    def __reduce__(self) -> Any:
        return _restore, (np.asarray(self._value),)

    def __str__(self) -> str:
        return str(_printable(self._value))

    def __repr__(self) -> str:
        head = f"<Tensor shape={self.shape} dtype={self.dtype.name}"
        body = np.array2string(_printable(self._value), threshold=60, edgeitems=3)
        return f"{head} {body}>" if "\n" not in body else f"{head}\n{body}>"


def _printable(value: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return value.astype(np.float32) if value.dtype == bfloat16 else value


def _restore(value: np.ndarray[Any, Any]) -> Tensor:
    return Tensor(value)
