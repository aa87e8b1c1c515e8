"""GradientTape: records what is computed and walks back through it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from thalweg.autodiff.jacobian import batch_jacobian, jacobian
from thalweg.autodiff.reasons import Reasons
from thalweg.primitives.elementwise import one_like, zero_like
from thalweg.primitives.primitive import Primitive
from thalweg.primitives.reverse import Applied, Entry, backpropagate
from thalweg.tensor.context import CONTEXT
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import differentiable
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import flatten, is_nested, pack
from thalweg.tensor.variable import Variable

__all__ = ["GradientTape", "UnconnectedGradients", "record_entry"]


class UnconnectedGradients:
    """What `gradient` returns for a source that the target does not depend on."""

    NONE = "none"
    ZERO = "zero"


class GradientTape:
    """Record operations, to differentiate them afterwards.

    Trainable variables are watched by themselves when they are read; tensors after `watch`.
    Tapes nest: an inner gradient taken inside an outer tape can be differentiated again.

    Args:
        persistent: whether `gradient` may be called more than once.
        watch_accessed_variables: whether trainable variables are watched by themselves.

    >>> import thalweg as tw
    >>> x = tw.Variable(3.0)
    >>> with tw.GradientTape() as tape:
    ...     y = x * x
    >>> tape.gradient(y, x).numpy()
    np.float32(6.0)
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._watch_accessed = watch_accessed_variables
        self._used = False
        self._active = False
        self._forget()

    def _forget(self) -> None:
        self._entries: list[Entry] = []
        # Tensors by id that depend on something watched; the values keep them (and so ids) alive.
        self._watched: dict[int, Tensor] = {}
        self._variables: dict[int, Variable] = {}
        self._reads: dict[int, list[Tensor]] = {}
        self._reasons = Reasons()

    # --- recording ----------------------------------------------------------------------------

    def __enter__(self) -> Self:
        if self._active:
            raise ValueError("GradientTape: this tape is recording already.")
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._active:
            self._stop()

    def _start(self) -> None:
        CONTEXT.recorders.append(self)
        self._active = True

    def _stop(self) -> None:
        CONTEXT.recorders.remove(self)
        self._active = False

    def watch(self, tensor: Any) -> None:
        """Watch a tensor or variable, or each of a nested structure of them."""
        for x in flatten(tensor):
            if isinstance(x, Variable):
                self._variables[id(x)] = x
                self.variable_read(x, x.value)
            elif isinstance(x, Tensor):
                if differentiable(x.dtype):
                    self._watched[id(x)] = x
            else:
                raise TypeError(
                    f"GradientTape.watch: expected tensors or variables, got {type(x).__name__}."
                )

    def record(
        self,
        primitive: Primitive,
        inputs: tuple[Tensor, ...],
        params: dict[str, Any],
        outputs: tuple[Tensor, ...],
    ) -> None:
        """Called by `bind` for every operation."""
        watched = self._watched
        for x in inputs:
            if id(x) in watched:
                self.add(Applied(primitive, inputs, params, outputs))
                return

    def add(self, entry: Entry) -> None:
        """Add a step; what it computed counts as watched from here on."""
        self._entries.append(entry)
        for y in entry.outputs:
            if differentiable(y.dtype):
                self._watched[id(y)] = y

    def variable_read(self, variable: Variable, tensor: Tensor) -> None:
        """Called by `Variable.value`."""
        key = id(variable)
        if key not in self._variables:
            if not (self._watch_accessed and variable.trainable):
                return
            self._variables[key] = variable
        if differentiable(tensor.dtype):
            if id(tensor) not in self._watched:
                self._watched[id(tensor)] = tensor
            reads = self._reads.setdefault(key, [])
            if not any(known is tensor for known in reads):
                reads.append(tensor)

    def concerns(self, tensors: Iterable[Tensor], variables: Iterable[Variable]) -> bool:
        """Whether it would record a computation on these tensors and variables."""
        if any(id(x) in self._watched for x in tensors):
            return True
        return any(
            id(v) in self._variables or (self._watch_accessed and v.trainable) for v in variables
        )

    def left(self, tensor: Tensor) -> None:
        """Called when a tensor's values leave for NumPy or Python."""
        if id(tensor) in self._watched:
            self._reasons.left(tensor)

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Operations inside are constants for this tape."""
        if not self._active:
            raise ValueError("GradientTape.stop_recording: this tape is not recording.")
        self._stop()
        try:
            yield
        finally:
            self._start()

    def reset(self) -> None:
        """Forget everything recorded so far; what was watched must be watched again."""
        self._forget()
        self._used = False

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables watched, in the order in which they were first read."""
        return tuple(self._variables.values())

    # --- gradients ----------------------------------------------------------------------------

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: str = UnconnectedGradients.NONE,
    ) -> Any:
        """The gradient of `target` towards each of `sources`.

        Args:
            target: a tensor, or a nested structure of them; several, or one with several
                elements, count as their sum.
            sources: a tensor or variable, or a nested structure of them.
            output_gradients: the gradient of each target, of the target's shape (by default
                ones): the result is then a vector-Jacobian product.
            unconnected_gradients: `'none'` or `'zero'`: what a source gets that `target` does not
                depend on. `explain(source)` tells why.

        Returns:
            The structure of `sources` with a tensor of the source's shape for each.
        """
        zero = _wants_zero(unconnected_gradients)
        if self._used and not self._persistent:
            raise RuntimeError(
                "GradientTape.gradient: a tape that is not persistent computes one set of "
                "gradients; make it with GradientTape(persistent=True)."
            )
        self._used = True
        recording = self._active
        if recording and not self._persistent:
            self._stop()
        try:
            return self._gradient(target, sources, output_gradients, zero)
        finally:
            if recording and not self._persistent:
                self._start()
            if not self._persistent:
                self._release()

    def _gradient(self, target: Any, sources: Any, output_gradients: Any, zero: bool) -> Any:
        targets = [self._target(t) for t in flatten(target)]
        if output_gradients is not None and not is_nested(target):
            output_gradients = (convert_to_tensor(output_gradients),)
        seeds = self._seeds(targets, output_gradients)
        wanted = flatten(sources)
        places = [self._tensors(source) for source in wanted]
        everything = [x for tensors in places for x in tensors]
        gradients = backpropagate(list(self._entries), seeds, everything)
        found = []
        for source, tensors in zip(wanted, places, strict=True):
            gradient: Tensor | None = None
            for tensor in tensors:
                g = gradients.get(id(tensor))
                if g is not None:
                    gradient = g if gradient is None else gradient + g
            if gradient is None:
                self._reasons.missing(source, tensors, self._watched, self._entries, targets)
                if zero:
                    gradient = zero_like(_present(source))
            found.append(gradient)
        return pack(sources, found)

    def _target(self, target: Any) -> Tensor:
        if isinstance(target, Variable):
            return self._reads.get(id(target), [target.value])[-1]
        return convert_to_tensor(target)

    def _seeds(self, targets: list[Tensor], output_gradients: Any) -> list[tuple[Tensor, Tensor]]:
        if output_gradients is None:
            seeds = [one_like(t) for t in targets]
        else:
            given = flatten(output_gradients)
            if len(given) != len(targets):
                raise ValueError(
                    f"GradientTape.gradient: output_gradients has {len(given)} entries for "
                    f"{len(targets)} targets."
                )
            seeds = []
            for t, g in zip(targets, given, strict=True):
                seed = one_like(t) if g is None else convert_to_tensor(g, t.dtype)
                if seed.shape != t.shape:
                    raise ValueError(
                        f"GradientTape.gradient: output_gradients has shape {seed.shape} for a "
                        f"target of shape {t.shape}."
                    )
                seeds.append(seed)
        return [(t, g) for t, g in zip(targets, seeds, strict=True) if differentiable(t.dtype)]

    def _tensors(self, source: Any) -> list[Tensor]:
        """The tensors that stand for a source: each snapshot of a variable, or itself."""
        if isinstance(source, Variable):
            return [x for x in self._reads.get(id(source), []) if id(x) in self._watched]
        if isinstance(source, Tensor):
            return [source] if id(source) in self._watched else []
        raise TypeError(
            "GradientTape.gradient: sources must be tensors or variables, got "
            f"{type(source).__name__}."
        )

    def _release(self) -> None:
        """Let go of the intermediate results; keep the reasons for `explain`."""
        self._entries = []
        self._watched = {}

    def explain(self, source: Any) -> str:
        """Why the last `gradient` gave None for this source, in a sentence.

        >>> import thalweg as tw
        >>> x = tw.constant(3.0)
        >>> with tw.GradientTape() as tape:
        ...     y = x * x
        >>> tape.gradient(y, x) is None
        True
        >>> print(tape.explain(x))
        Not watched: it is a tensor, not a Variable; call tape.watch(x) before using it.
        """
        return self._reasons.explain(source)

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: str = UnconnectedGradients.NONE,
    ) -> Any:
        """The derivative of each element of `target` towards each element of the sources.

        Returns:
            The structure of `sources` with tensors of shape `target.shape + source.shape`.

        >>> import thalweg as tw
        >>> x = tw.constant([1.0, 2.0])
        >>> with tw.GradientTape() as tape:
        ...     tape.watch(x)
        ...     y = x * x
        >>> tape.jacobian(y, x).numpy()
        array([[2., 0.],
               [0., 4.]], dtype=float32)
        """
        return jacobian(self, target, sources, unconnected_gradients)

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: str = UnconnectedGradients.NONE,
    ) -> Any:
        """The Jacobian of each sample: `target[i]` towards `source[i]` only.

        Returns:
            A tensor of shape `(batch, *target.shape[1:], *source.shape[1:])`.
        """
        return batch_jacobian(self, target, source, unconnected_gradients)

    @contextmanager
    def _kept(self) -> Iterator[None]:
        """Several reverse passes that count as the one that a tape allows."""
        if self._used and not self._persistent:
            raise RuntimeError(
                "GradientTape.jacobian: a tape that is not persistent computes one set of "
                "gradients; make it with GradientTape(persistent=True)."
            )
        persistent, self._persistent = self._persistent, True
        recording = self._active
        if recording and not persistent:
            self._stop()
        try:
            yield
        finally:
            self._persistent = persistent
            if recording and not persistent:
                self._start()
            if not persistent:
                self._release()


def _present(source: Any) -> Tensor:
    return source.value if isinstance(source, Variable) else source


def _wants_zero(unconnected_gradients: str) -> bool:
    if unconnected_gradients not in (UnconnectedGradients.NONE, UnconnectedGradients.ZERO):
        raise ValueError(
            "GradientTape: unconnected_gradients must be 'none' or 'zero', got "
            f"{unconnected_gradients!r}."
        )
    return unconnected_gradients == UnconnectedGradients.ZERO


def record_entry(entry: Entry) -> None:
    """Tell every tape that is recording of a step with a gradient of its own."""
    for recorder in CONTEXT.recorders:
        if isinstance(recorder, GradientTape) and any(
            id(x) in recorder._watched for x in entry.inputs
        ):
            recorder.add(entry)
