"""The demonstration that `thalweg demo` runs: a network on Boston housing."""

from thalweg.demo.boston import Demo, Errors, FeatureWeight, Rows, run_demo

__all__ = ["Demo", "Errors", "FeatureWeight", "Rows", "run_demo"]
