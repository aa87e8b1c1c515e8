"""Pictures of how a model learns, and of the model and its data.

Every function draws with matplotlib (`pip install thalweg[viz]`), in a new figure or in the axes
that it is given, and returns a `Plot`: the figure, the numbers in it, and a sentence that says what
is seen.
"""

from thalweg.viz.backprop import backward_pass
from thalweg.viz.charts.bar_chart import bar_chart
from thalweg.viz.charts.heatmap import heatmap
from thalweg.viz.charts.histogram import Histogram, histogram
from thalweg.viz.charts.line_chart import line_chart
from thalweg.viz.charts.scatter import scatter
from thalweg.viz.charts.table import Table, table
from thalweg.viz.curves import Curve, TrainingCurves, plot_history, text_curves
from thalweg.viz.data.correlation import correlation
from thalweg.viz.data.feature_distributions import FeatureDistributions, feature_distributions
from thalweg.viz.data.scatter_against_target import scatter_against_target
from thalweg.viz.evaluation.calibration import Calibration, calibration
from thalweg.viz.evaluation.confusion_matrix import ConfusionMatrix, confusion_matrix
from thalweg.viz.evaluation.per_class_accuracy import PerClass, per_class_accuracy
from thalweg.viz.evaluation.precision_recall_curve import (
    PrecisionRecall,
    precision_recall_curve,
)
from thalweg.viz.evaluation.residuals import Residuals, residuals
from thalweg.viz.evaluation.roc_curve import Roc, roc_curve
from thalweg.viz.explanation.grad_cam import GradCAM, grad_cam
from thalweg.viz.explanation.saliency import Saliency, saliency
from thalweg.viz.figure import Plot
from thalweg.viz.health.compare import compare_health
from thalweg.viz.health.diagnose import Finding, diagnose
from thalweg.viz.health.over_time import plot_gradient_health
from thalweg.viz.health.probe import Probe
from thalweg.viz.health.records import Health, LayerHealth, WeightHealth
from thalweg.viz.health.series import LayerSeries
from thalweg.viz.health.snapshot import layer_health
from thalweg.viz.model.activations import activations
from thalweg.viz.model.filters import filters
from thalweg.viz.model.kernel_magnitudes import kernel_magnitudes
from thalweg.viz.model.plot_model import plot_model
from thalweg.viz.model.weight_histograms import weight_histograms
from thalweg.viz.model.weight_table import weight_table
from thalweg.viz.palette import palette, theme
from thalweg.viz.rate.find import find_learning_rate
from thalweg.viz.rate.schedules import plot_schedule
from thalweg.viz.surface.compare import compare_optimizers
from thalweg.viz.surface.function_surface import function_surface
from thalweg.viz.surface.loss_surface import loss_surface
from thalweg.viz.surface.numbers import LossSurface, SurfacePath
from thalweg.viz.surface.path import TrainingPath

__all__ = [
    "Calibration",
    "ConfusionMatrix",
    "Curve",
    "FeatureDistributions",
    "Finding",
    "GradCAM",
    "Health",
    "Histogram",
    "LayerHealth",
    "LayerSeries",
    "LossSurface",
    "PerClass",
    "Plot",
    "PrecisionRecall",
    "Probe",
    "Residuals",
    "Roc",
    "Saliency",
    "SurfacePath",
    "Table",
    "TrainingCurves",
    "TrainingPath",
    "WeightHealth",
    "activations",
    "backward_pass",
    "bar_chart",
    "calibration",
    "compare_health",
    "compare_optimizers",
    "confusion_matrix",
    "correlation",
    "diagnose",
    "feature_distributions",
    "filters",
    "find_learning_rate",
    "function_surface",
    "grad_cam",
    "heatmap",
    "histogram",
    "kernel_magnitudes",
    "layer_health",
    "line_chart",
    "loss_surface",
    "palette",
    "per_class_accuracy",
    "plot_gradient_health",
    "plot_history",
    "plot_model",
    "plot_schedule",
    "precision_recall_curve",
    "residuals",
    "roc_curve",
    "saliency",
    "scatter",
    "scatter_against_target",
    "table",
    "text_curves",
    "theme",
    "weight_histograms",
    "weight_table",
]
