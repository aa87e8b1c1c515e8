"""Pictures of how a model learns, and of the model and its data.

Every function draws with matplotlib (`pip install thalweg[viz]`), in a new figure or in the axes
that it is given, and returns a `Plot`: the figure, the numbers in it, and a sentence that says what
is seen.
"""

from thalweg.viz.figure import Plot
from thalweg.viz.palette import palette, theme

__all__ = [
    "Plot",
    "palette",
    "theme",
]
