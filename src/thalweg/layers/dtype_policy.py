"""DTypePolicy: in which dtype a layer computes, and in which it keeps its weights."""

from __future__ import annotations

from typing import Any

from thalweg import config
from thalweg.registry import deserialize_keras_object, serializable
from thalweg.tensor.dtypes import as_dtype

__all__ = ["DTypePolicy", "get_policy"]


@serializable("keras")
class DTypePolicy:
    """`'float32'` and the like, or `'mixed_float16'` / `'mixed_bfloat16'`.

    A mixed policy computes in the half type and keeps weights in float32.

    >>> DTypePolicy("mixed_bfloat16").compute_dtype
    'bfloat16'
    """

    def __init__(self, name: str) -> None:
        if name in ("mixed_float16", "mixed_bfloat16"):
            self.compute_dtype, self.variable_dtype = name.removeprefix("mixed_"), "float32"
        else:
            self.compute_dtype = self.variable_dtype = as_dtype(name).name
        self.name = name

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<DTypePolicy '{self.name}'>"


def get_policy(identifier: Any) -> DTypePolicy:
    """A policy from None (the default float type), a dtype, a name, a config or a policy."""
    if identifier is None:
        return DTypePolicy(config.floatx())
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        found = deserialize_keras_object(identifier)
        if not isinstance(found, DTypePolicy):
            raise ValueError(f"dtype: expected a DTypePolicy, got {identifier!r}.")
        return found
    if isinstance(identifier, str):
        return DTypePolicy(identifier)
    return DTypePolicy(as_dtype(identifier).name)
