"""The variable: the only thing here whose value changes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from thalweg.tensor.context import CONTEXT, outside_trace
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import DType, as_dtype, is_floating
from thalweg.tensor.operators import OPERATIONS, Operators
from thalweg.tensor.storage import STATE_LOCK, Holder, Storage, aligned_empty
from thalweg.tensor.tensor import Tensor

__all__ = ["Variable"]

Array = np.ndarray[Any, Any]


class Variable(Operators):
    """A tensor that can be assigned to: a weight, a counter, a running mean.

    Args:
        initial_value: the first value (number, list, array, tensor), or an initializer that is
            called with `(shape, dtype=dtype)`.
        shape: the shape; needed with an initializer, otherwise checked against the value.
        dtype: the dtype; by default that of the value.
        trainable: whether tapes watch it by themselves and optimizers update it.
        name: a name for messages and summaries.
        constraint: a function applied to the value after each optimizer update.
        regularizer: a function of the value whose result joins the training loss.
        autocast: whether a layer that computes in another float dtype reads it in that dtype.

    Shape and dtype are fixed. Reading takes a snapshot: what was computed from the variable
    keeps the value of that moment.

    >>> import thalweg as tw
    >>> v = tw.Variable([1.0, 2.0], name="v")
    >>> _ = v.assign_add([0.5, 0.5])
    >>> v.numpy()
    array([1.5, 2.5], dtype=float32)
    """

    # The value is in the snapshot, in the storage, or in both. `_snapshot` is None once a compiled
    # Program wrote the storage; `_stale` says that the storage's array has an older value: it
    # misses the latest assignment, or a device has written its own copy since.
    __slots__ = (
        "__weakref__",
        "_dtype",
        "_shape",
        "_snapshot",
        "_stale",
        "_storage",
        "autocast",
        "constraint",
        "name",
        "path",
        "regularizer",
        "trainable",
    )

    _snapshot: Tensor | None
    _storage: Storage | None
    _stale: bool

    def __init__(
        self,
        initial_value: Any,
        shape: tuple[int, ...] | None = None,
        dtype: Any = None,
        trainable: bool = True,
        name: str | None = None,
        *,
        constraint: Callable[[Any], Any] | None = None,
        regularizer: Callable[[Any], Any] | None = None,
        autocast: bool = True,
    ) -> None:
        self.name = name or "variable"
        self.path = self.name
        self.trainable = trainable
        self.constraint = constraint
        self.regularizer = regularizer
        self.autocast = autocast
        with outside_trace():
            if callable(initial_value) and not isinstance(initial_value, (Tensor, Variable)):
                if shape is None:
                    raise ValueError(
                        f"Variable '{self.name}': shape is needed when initial_value is an "
                        "initializer."
                    )
                self._take_room(shape, as_dtype(dtype or "float32"))
                initial_value = initial_value(shape, dtype=as_dtype(dtype or "float32").name)
            tensor = convert_to_tensor(initial_value, dtype)
        if type(tensor) is not Tensor:
            raise ValueError(
                f"Variable '{self.name}': initial_value is a symbolic tensor; a variable starts "
                "from real values, so create it outside the traced function."
            )
        if shape is not None and tensor.shape != tuple(shape):
            raise ValueError(
                f"Variable '{self.name}': initial_value has shape {tensor.shape}, "
                f"expected shape {tuple(shape)}."
            )
        self._shape: tuple[int, ...] = tensor.shape
        self._dtype: DType = tensor.dtype
        self._storage = None
        # A tensor of its own: tapes tell values apart by object, and the caller may watch his.
        self._tensor = Tensor(tensor._value)
        if CONTEXT.created is not None:
            CONTEXT.created.append(self)

    def _take_room(self, shape: tuple[int, ...], dtype: DType) -> None:
        """Before values are made: a file must not name a shape that it has no values for."""
        if CONTEXT.room is None:
            return
        CONTEXT.room -= math.prod(shape) * dtype.itemsize
        if CONTEXT.room < 0:
            raise ValueError(
                f"Variable '{self.name}' of shape {tuple(shape)} is larger than all that the file "
                "holds."
            )

    # --- where the value is -----------------------------------------------------------------------

    @property
    def _tensor(self) -> Tensor:
        """The value as a tensor, whatever is being traced or recorded."""
        snapshot = self._snapshot
        if snapshot is None:
            # A Program may be writing the storage in another thread; it holds the lock meanwhile.
            with STATE_LOCK:
                snapshot = self._snapshot
                if snapshot is None:
                    assert self._storage is not None
                    snapshot = self._snapshot = Tensor(self._storage.here().copy())
                    self._stale = False
        return snapshot

    @_tensor.setter
    def _tensor(self, tensor: Tensor) -> None:
        self._snapshot = tensor
        self._stale = True

    def resident(self) -> Array:
        """The array that compiled Programs read and update in place, with the present value.

        It is C-contiguous, starts at a multiple of 64 bytes, and is the same object for the whole
        life of the variable. Whoever writes to it holds `STATE_LOCK` and calls `written()`.
        """
        with STATE_LOCK:
            array = self.storage().here()
            self._stale = False
            return array

    def storage(self) -> Storage:
        """What tells Programs on any device where the present value is.

        It is the same object for the whole life of the variable. Whoever changes the value holds
        `STATE_LOCK` and calls `written()`.
        """
        with STATE_LOCK:
            if self._storage is None:
                self._storage = Storage(aligned_empty(self._shape, self._dtype))
            snapshot = self._snapshot
            if self._stale and snapshot is not None:
                np.copyto(self._storage.array, snapshot._value)
                self._storage.holder = None
                self._storage.version += 1
                # One copy of the value is enough until somebody reads it again.
                self._snapshot = None
                self._stale = False
            return self._storage

    def written(self, holder: Holder | None = None) -> None:
        """Says that a Program wrote the storage: the next read takes a new snapshot of it.

        Args:
            holder: the device that has the new value; None: the array has it.
        """
        storage = self._storage
        assert storage is not None
        storage.holder = holder
        storage.version += 1
        self._snapshot = None
        self._stale = holder is not None

    def __getstate__(self) -> tuple[None, dict[str, Any]]:
        """Copies and pickles take the value along, and have a storage of their own."""
        kept = {k: getattr(self, k) for k in self.__slots__ if k != "__weakref__"}
        return None, {**kept, "_snapshot": self._tensor, "_storage": None, "_stale": True}

    # --- what it is -------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:  # type: ignore[override]
        """The length of each axis."""
        return self._shape

    @property
    def dtype(self) -> DType:
        """The NumPy dtype of the elements, as they are read at this place (see `autocast`)."""
        own, wanted = self._dtype, CONTEXT.autocast
        if wanted is None or not self.autocast or not is_floating(own):
            return own
        return wanted

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self._shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self._shape)

    @property
    def value(self) -> Tensor:
        """The present value, a tensor that later assignments do not change."""
        tensor, dtype = self._read(), self.dtype
        return tensor if tensor.dtype == dtype else OPERATIONS["cast"](tensor, dtype)

    def _read(self) -> Tensor:
        """The value in the variable's own dtype."""
        scope = CONTEXT.variables
        tensor = self._tensor if scope is None else scope.read(self)
        if tensor._origin is None:
            tensor._origin = self.name
        for recorder in CONTEXT.recorders:
            recorder.variable_read(self, tensor)
        return tensor

    def read_value(self) -> Tensor:
        """The present value; TensorFlow's name for `value`."""
        return self.value

    def numpy(self) -> Any:
        """The present value as a read-only NumPy array."""
        return self.value.numpy()

    def assign(self, value: Any) -> Tensor:
        """Set the value; shape and dtype must fit. Returns the new value, read back."""
        new = convert_to_tensor(value)
        if new.shape != self.shape:
            raise ValueError(
                f"Variable '{self.name}': assign() got a value of shape {new.shape}, "
                f"expected shape {self.shape}."
            )
        own = self._dtype
        if new.dtype != own:
            if is_floating(new.dtype) and not is_floating(own):
                raise TypeError(
                    f"Variable '{self.name}': assign() got {new.dtype.name} for a variable of "
                    f"{own.name}; cast it first."
                )
            new = OPERATIONS["cast"](new, own)
        scope = CONTEXT.variables
        if scope is not None:
            scope.write(self, new)
        elif type(new) is Tensor:
            # Two variables may be assigned one tensor; the snapshots must stay apart for tapes.
            self._tensor = Tensor(new._value)
        else:
            raise RuntimeError(
                f"Variable '{self.name}': a symbolic value cannot be assigned outside of a "
                "traced function."
            )
        return self._read()

    def assign_add(self, delta: Any) -> Tensor:
        """Add `delta` to the value. Returns the new value, read back."""
        return self.assign(OPERATIONS["add"](self._read(), delta))

    def assign_sub(self, delta: Any) -> Tensor:
        """Subtract `delta` from the value. Returns the new value, read back."""
        return self.assign(OPERATIONS["subtract"](self._read(), delta))

    def _no_in_place(self, operator: str, method: str) -> NoReturn:
        raise RuntimeError(
            f"Variable '{self.name}': `v {operator} x` would replace the variable by a tensor; "
            f"write v.{method}(x) to change it, or `out = v {operator[0]} x` for a new tensor."
        )

    def __iadd__(self, other: Any) -> NoReturn:
        self._no_in_place("+=", "assign_add")

    def __isub__(self, other: Any) -> NoReturn:
        self._no_in_place("-=", "assign_sub")

    def __imul__(self, other: Any) -> NoReturn:
        self._no_in_place("*=", "assign")

    def __itruediv__(self, other: Any) -> NoReturn:
        self._no_in_place("/=", "assign")

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        raise TypeError(
            f"Variable '{self.name}' cannot be set by index; assign a whole value, for example "
            "v.assign(ops.slice_update(v, start, new))."
        )

    # Variables are compared by element like tensors, but they have an identity of their own and
    # serve as keys (of optimizer slots, of gradients), so they keep object hashing.
    __hash__ = object.__hash__  # type: ignore[assignment]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self.value.__array__(dtype, copy)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __index__(self) -> int:
        return self.value.__index__()

    def __repr__(self) -> str:
        body = repr(Tensor(np.asarray(self._tensor._value)))
        return f"<Variable '{self.path}'{body[len('<Tensor') :]}"
