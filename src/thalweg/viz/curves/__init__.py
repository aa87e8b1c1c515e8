"""Training curves: as a figure, as text, and live while `fit` runs."""

from thalweg.viz.curves.curve import Curve, TrainingCurves
from thalweg.viz.curves.live_curves import LiveCurves
from thalweg.viz.curves.plot_history import plot_history
from thalweg.viz.curves.text_curves import text_curves

__all__ = ["Curve", "LiveCurves", "TrainingCurves", "plot_history", "text_curves"]
