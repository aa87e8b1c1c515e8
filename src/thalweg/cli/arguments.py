"""Arguments that several commands take."""

from __future__ import annotations

import argparse
from collections.abc import Callable

__all__ = ["add_training", "integer"]


def integer(least: int, most: int | None = None) -> Callable[[str], int]:
    """What reads an integer from `least` to `most`; for anything else, an error of one sentence."""

    def parse(text: str) -> int:
        expected = f"an integer from {least} up" + (f" to {most}" if most is not None else "")
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"expected {expected}, got {text!r}")
        return value

    return parse


def add_training(parser: argparse.ArgumentParser) -> None:
    """Add `--seed` and `--epochs`, of the models of Boston housing."""
    parser.add_argument(
        "--seed",
        type=integer(0, 2**32 - 1),
        default=0,
        help="divides the rows, draws the weights, shuffles the batches (default: %(default)s)",
    )
    parser.add_argument(
        "--epochs",
        type=integer(1),
        default=200,
        help="how often each model sees the train rows (default: %(default)s)",
    )
