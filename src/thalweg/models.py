"""Models under Keras's names: `keras.models`."""

from thalweg.saving import load_model, save_model
from thalweg.training.model import Functional, Model, clone_model, model_from_json
from thalweg.training.sequential import Sequential

__all__ = [
    "Functional",
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_json",
    "save_model",
]
