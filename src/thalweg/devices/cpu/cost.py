"""How many workers a run is worth."""

from __future__ import annotations

from thalweg.compiler.render.llvm.leaves import seconds
from thalweg.devices.cpu.image import Image

__all__ = ["estimate", "workers"]

# To hand a job to the others and to know them done, and to meet one of them on the way.
_LAUNCH = 4.0e-6
_BARRIER = 0.3e-6
# What each worker must have to do, at least. In a smaller Program the data that one core's caches
# hold for the next kernel are worth more than a second core: a network with two layers of 50 units
# takes twice as long on two cores as on one.
_WORTH = 40e-6


def workers(image: Image, n: int, most: int, steps: int = 1) -> int:
    """The number of workers, at most so many, that is done first with a batch of n.

    Args:
        image: what is run.
        n: the batch size.
        most: how many there are.
        steps: how many runs follow one another without coming back.
    """
    most = max(1, min(most, int(estimate(image, n, 1) / _WORTH)))
    choices = [w for w in (1, 2, 4, 8, 16, 32, 64, 128, 256) if w < most] + [most]
    return min(choices, key=lambda w: estimate(image, n, w, steps))


def estimate(image: Image, n: int, count: int, steps: int = 1) -> float:
    """About how many seconds a run takes on so many workers."""
    total = 0.0
    for work in image.works:
        total += work.times * seconds(work, n) / (1 if work.alone else count)
    if count == 1:
        return total
    return total + _LAUNCH / steps + image.barriers * _BARRIER * (count - 1)
