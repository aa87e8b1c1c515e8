"""Python's operators for everything that behaves as a tensor.

The operations themselves live in `thalweg.ops`, a room above this one; it fills `OPERATIONS` when
it is imported, and each method here is one look-up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from thalweg.tensor.tensor import Tensor

__all__ = ["OPERATIONS", "Operators"]

OPERATIONS: dict[str, Callable[..., Any]] = {}


class Operators:
    """Mixin: arithmetic, comparison, bitwise and indexing operators, and a few methods."""

    __slots__ = ()

    # NumPy arrays on the left give way to our reflected operators.
    __array_priority__: ClassVar[float] = 1000.0

    if TYPE_CHECKING:
        shape: tuple[int, ...]

    def __add__(self, other: Any) -> Tensor:
        return OPERATIONS["add"](self, other)

    def __radd__(self, other: Any) -> Tensor:
        return OPERATIONS["add"](other, self)

    def __sub__(self, other: Any) -> Tensor:
        return OPERATIONS["subtract"](self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return OPERATIONS["subtract"](other, self)

    def __mul__(self, other: Any) -> Tensor:
        return OPERATIONS["multiply"](self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return OPERATIONS["multiply"](other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return OPERATIONS["divide"](self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return OPERATIONS["divide"](other, self)

    def __floordiv__(self, other: Any) -> Tensor:
        return OPERATIONS["floor_divide"](self, other)

    def __rfloordiv__(self, other: Any) -> Tensor:
        return OPERATIONS["floor_divide"](other, self)

    def __mod__(self, other: Any) -> Tensor:
        return OPERATIONS["mod"](self, other)

    def __rmod__(self, other: Any) -> Tensor:
        return OPERATIONS["mod"](other, self)

    def __divmod__(self, other: Any) -> tuple[Tensor, Tensor]:
        return self // other, self % other

    def __pow__(self, other: Any) -> Tensor:
        return OPERATIONS["power"](self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return OPERATIONS["power"](other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return OPERATIONS["matmul"](self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return OPERATIONS["matmul"](other, self)

    def __neg__(self) -> Tensor:
        return OPERATIONS["negative"](self)

    def __pos__(self) -> Tensor:
        return OPERATIONS["convert_to_tensor"](self)

    def __abs__(self) -> Tensor:
        return OPERATIONS["absolute"](self)

    def __invert__(self) -> Tensor:
        return OPERATIONS["bitwise_not"](self)

    def __and__(self, other: Any) -> Tensor:
        return OPERATIONS["bitwise_and"](self, other)

    def __rand__(self, other: Any) -> Tensor:
        return OPERATIONS["bitwise_and"](other, self)

    def __or__(self, other: Any) -> Tensor:
        return OPERATIONS["bitwise_or"](self, other)

    def __ror__(self, other: Any) -> Tensor:
        return OPERATIONS["bitwise_or"](other, self)

    def __xor__(self, other: Any) -> Tensor:
        return OPERATIONS["bitwise_xor"](self, other)

    def __rxor__(self, other: Any) -> Tensor:
        return OPERATIONS["bitwise_xor"](other, self)

    def __lshift__(self, other: Any) -> Tensor:
        return OPERATIONS["bitwise_left_shift"](self, other)

    def __rlshift__(self, other: Any) -> Tensor:
        return OPERATIONS["bitwise_left_shift"](other, self)

    def __rshift__(self, other: Any) -> Tensor:
        return OPERATIONS["bitwise_right_shift"](self, other)

    def __rrshift__(self, other: Any) -> Tensor:
        return OPERATIONS["bitwise_right_shift"](other, self)

    def __eq__(self, other: object) -> Tensor:  # type: ignore[override]
        return OPERATIONS["equal"](self, other)

    def __ne__(self, other: object) -> Tensor:  # type: ignore[override]
        return OPERATIONS["not_equal"](self, other)

    def __lt__(self, other: Any) -> Tensor:
        return OPERATIONS["less"](self, other)

    def __le__(self, other: Any) -> Tensor:
        return OPERATIONS["less_equal"](self, other)

    def __gt__(self, other: Any) -> Tensor:
        return OPERATIONS["greater"](self, other)

    def __ge__(self, other: Any) -> Tensor:
        return OPERATIONS["greater_equal"](self, other)

    # `==` compares elements, so a hash by value cannot be kept.
    __hash__: ClassVar[None]  # type: ignore[assignment]

    def __getitem__(self, key: Any) -> Tensor:
        return OPERATIONS["get_item"](self, key)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a tensor without axes (shape ()).")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.shape:
            raise TypeError("A tensor without axes (shape ()) cannot be iterated.")
        return (self[i] for i in range(self.shape[0]))

    @property
    def T(self) -> Tensor:
        """The tensor with its axes reversed."""
        return OPERATIONS["transpose"](self)

    def astype(self, dtype: Any) -> Tensor:
        """The tensor cast to `dtype`."""
        return OPERATIONS["cast"](self, dtype)

    def reshape(self, *newshape: Any) -> Tensor:
        """The tensor with another shape: `t.reshape(2, -1)` or `t.reshape((2, -1))`."""
        only = newshape[0] if len(newshape) == 1 else newshape
        return OPERATIONS["reshape"](self, only)


Operators.__hash__ = None
