"""From Python functions to graphs: `function`, captured variables, and what runs the graphs."""

from thalweg.tracing.concrete import ConcreteFunction
from thalweg.tracing.function import Function, function
from thalweg.tracing.retracing import RetracingWarning

__all__ = ["ConcreteFunction", "Function", "RetracingWarning", "function"]
