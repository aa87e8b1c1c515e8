"""Optimizers: from gradients to new values of variables. `get` finds them by name."""

from thalweg.optimizers import schedules
from thalweg.optimizers.adadelta import Adadelta
from thalweg.optimizers.adafactor import Adafactor
from thalweg.optimizers.adagrad import Adagrad
from thalweg.optimizers.adam import Adam, AdamW
from thalweg.optimizers.adamax import Adamax
from thalweg.optimizers.ftrl import Ftrl
from thalweg.optimizers.lamb import Lamb
from thalweg.optimizers.lion import Lion
from thalweg.optimizers.lookup import deserialize, get, serialize
from thalweg.optimizers.nadam import Nadam
from thalweg.optimizers.optimizer import Optimizer
from thalweg.optimizers.rmsprop import RMSprop
from thalweg.optimizers.sgd import SGD

__all__ = [
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "SGD",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]
