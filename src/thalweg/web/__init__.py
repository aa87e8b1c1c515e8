"""From a model or functions to a folder from which pages and Node predict and train."""

from thalweg.web.export import export_functions, export_model

__all__ = ["export_functions", "export_model"]
