"""Draws the picture of the README: where gradient descent flows when it fits a line.

Run it as `python docs/images/make_valley.py`; it needs matplotlib (`pip install thalweg[viz]`).
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

import thalweg as tw
from thalweg.datasets import download_times

TARGET = Path(__file__).with_name("valley.png")
RATE = 0.01
STEPS = 4000
SOURCES = (
    (-0.05, 0.62),
    (0.21, 0.65),
    (0.01, -0.42),
    (0.235, -0.12),
    (-0.07, 0.2),
    (0.22, -0.46),
)
WATER, STONE = "#1f5fa8", "#4a4a4a"

(x, y), _ = download_times.load_data()


def loss(kernel: tw.Tensor, bias: tw.Tensor) -> tw.Tensor:
    """The mean squared error of the line; kernels and biases may be grids."""
    return tw.reduce_mean(tw.square(kernel[..., None] * x[:, 0] + bias[..., None] - y[:, 0]), -1)


def stream(kernel: float, bias: float) -> NDArray[np.float64]:
    """The points that gradient descent passes, shape (steps + 1, 2)."""
    slopes = tw.grads(loss)
    point = [tw.constant(kernel), tw.constant(bias)]
    passed = [point]
    for _ in range(STEPS):
        point = [p - RATE * g for p, g in zip(point, slopes(point), strict=True)]
        passed.append(point)
    return np.array([[float(p) for p in point] for point in passed])


def draw_valley(axes: Axes, streams: list[NDArray[np.float64]]) -> None:
    """The loss as a map, and the streams on it."""
    kernels, biases = np.meshgrid(
        np.linspace(-0.08, 0.25, 300, dtype=np.float32),
        np.linspace(-0.52, 0.72, 300, dtype=np.float32),
    )
    heights = np.log10(loss(tw.constant(kernels), tw.constant(biases)).numpy())
    levels = np.linspace(heights.min(), heights.max(), 22)
    axes.contourf(kernels, biases, heights, levels, cmap="gist_earth", alpha=0.75, vmin=-4)
    axes.contour(kernels, biases, heights, levels, colors=STONE, linewidths=0.3, alpha=0.6)
    for points in streams:
        axes.plot(*points.T, color=WATER, linewidth=1.6)
        axes.plot(*points[:12].T, ".", color=WATER, markersize=5)
        axes.plot(*points[0], "o", color="white", markeredgecolor=WATER, markersize=6)
    axes.set(
        title="The valley: mean squared error, and gradient descent from six places",
        xlabel="kernel, seconds per megabyte",
        ylabel="bias, seconds",
    )


def draw_lines(axes: Axes, points: NDArray[np.float64]) -> None:
    """The data, and the lines that some points of a stream stand for."""
    ends = np.array([0, 10.5])
    for step, strength in ((0, 0.25), (1, 0.35), (10, 0.5), (100, 0.7), (STEPS, 1)):
        kernel, bias = points[step]
        axes.plot(ends, kernel * ends + bias, color=WATER, alpha=strength)
        label = {0: "start", 1: "1 step"}.get(step, f"{step} steps")
        axes.annotate(label, (10.6, kernel * 10.5 + bias), color=STONE, va="center", size=9)
    axes.plot(x, y, "o", color=STONE, markersize=4)
    axes.set(
        title="The line of the upper left stream",
        xlabel="megabytes",
        ylabel="seconds to download",
        xlim=(-0.3, 12.6),
    )


def main() -> None:
    """Draw both and write the file."""
    plt.rcParams.update({"font.size": 10, "axes.titlesize": 11, "axes.spines.top": False})
    plt.rcParams.update({"axes.spines.right": False})
    streams = [stream(*source) for source in SOURCES]
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(11, 4.6), width_ratios=(1.35, 1), layout="constrained"
    )
    draw_valley(left, streams)
    draw_lines(right, streams[0])
    figure.savefig(TARGET, dpi=120, metadata={"Software": None})


if __name__ == "__main__":
    main()
