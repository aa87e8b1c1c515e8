"""The plot of a pass: one picture, the pictures of its steps, and a page to step through it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from thalweg.tensor.variable import Variable
from thalweg.viz.backprop.drawing import draw, known_after, scene_of
from thalweg.viz.backprop.moments import happening, moments_of, sentence
from thalweg.viz.backprop.question import Question
from thalweg.viz.backprop.result import BackwardPass
from thalweg.viz.backprop.sheet import Sheet, measure_text
from thalweg.viz.backprop.words import in_brief, in_line, norm, number
from thalweg.viz.figure import Plot, axes_for, drawn
from thalweg.viz.palette import theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["BackwardPassPlot", "plotted"]

WIDEST = 11.0
"""Inches from which on a graph is drawn from the top to the bottom."""

_AT_FIRST = "Only the inputs are known"

MOST_TOLD = 4
"""Of more gradients a caption gives the number."""


@dataclass(frozen=True, eq=False, repr=False)
class BackwardPassPlot(Plot[BackwardPass]):
    """A `Plot` of a backward pass.

    `save('pass.html')` writes a page in which one steps forward and backward through the pass and
    changes the inputs; the page computes with the exported Program.
    """

    question: Question = field(kw_only=True)
    variables: tuple[tuple[str, Variable], ...] = field(kw_only=True)
    rankdir: str = field(kw_only=True)

    def steps(self) -> list[BackwardPassPlot]:
        """A picture for each state of the pass: before it, and after each of its steps.

        >>> import thalweg as tw
        >>> plot = tw.viz.backward_pass(lambda v: tw.square(v * 2 - 5), 0.0)
        >>> for step in plot.steps()[4:]:
        ...     print(step.caption)
        Step 4 of 7. The gradient of the result: 1.
        Step 5 of 7. Backward through square, to subtract: 1 × (−10) = −10.
        Step 6 of 7. Backward through subtract, to multiply: −10 × 1 = −10.
        Step 7 of 7. Backward through multiply, to v: −10 × 2 = −20.
        """
        count = len(moments_of(self.numbers))
        with theme(self._palette.name):
            return [
                plotted(self.numbers, self.question, self.variables, step, self.rankdir)
                for step in range(count + 1)
            ]

    def html(self) -> str:
        """A page that needs no other file, and computes the pass anew for other inputs."""
        from thalweg.viz.backprop.page import page

        return page(self.numbers, self.question, self.variables, self.caption)


@drawn
def plotted(
    found: BackwardPass,
    question: Question,
    variables: tuple[tuple[str, Variable], ...],
    step: int | None,
    rankdir: str | None = None,
    ax: Axes | None = None,
) -> BackwardPassPlot:
    """Draw the numbers of a pass.

    Args:
        found: the numbers.
        question: what was asked.
        variables: those in the picture, with their names there.
        step: how many steps to show; None: all, as one picture.
        rankdir: `'LR'`, `'TB'`, or None for what fits.
        ax: where to draw.
    """
    measure = measure_text()
    scene = scene_of(found, rankdir or "LR", measure)
    if rankdir is None and scene.width > WIDEST:
        scene = min(scene, scene_of(found, "TB", measure), key=lambda s: s.width)
    known = known_after(found, step)
    sheet = Sheet.of(found, scene, measure, titled=step is not None)
    figure, axes = axes_for(ax, sheet.width, sheet.height)
    if ax is None:
        figure.set_layout_engine("none")
        axes.set_position((0, 0, 1, 1))
    else:
        figure.draw_without_rendering()  # so that its size is the one that it will have
    box = axes.get_window_extent()
    given = box.width / figure.dpi, box.height / figure.dpi
    scale = min(1.0, given[0] / sheet.width, given[1] / sheet.height)
    sheet.prepare(axes, given[0] / scale, given[1] / scale)
    draw(axes, found, scene, known, scale)
    title, words = ("", []) if known.now is None else happening(found, known.now)
    if step == 0:
        title = _AT_FIRST
    sheet.write(axes, title, words, scale)
    return BackwardPassPlot(
        figure,
        axes,
        found,
        _caption(found, question) if step is None else _caption_of_step(found, step),
        question=question,
        variables=variables,
        rankdir=scene.direction,
    )


def _caption_of_step(found: BackwardPass, step: int) -> str:
    steps = moments_of(found)
    happens = sentence(found, steps[step - 1]) if step else _AT_FIRST
    return f"Step {step} of {len(steps)}. {happens}."


def _caption(found: BackwardPass, question: Question) -> str:
    result = found.edges[-1]  # it leaves the picture
    is_or_has = "is" if result.value.size == 1 else "has"
    value = f"{is_or_has} {in_brief(result.value)}"
    if question.by_layer:
        return f"The loss of {question.subject} {value}; {_way_back(found)}."
    what, whose = f"The value of {question.subject}", "its gradient"
    if question.layer is not None:
        what, whose = f"The output of {question.layer}", "the gradient of the loss"
    leaves = [n for n in found if n.kind in ("input", "variable")]
    told = [f"{in_line(n.gradient)} for {n.label}" for n in leaves if n.gradient is not None]
    if not told:
        return f"{what} {value}; no gradient comes back."
    more = f" and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    return f"{what} {value}; {whose} is {', '.join(told[:MOST_TOLD])}{more}."


def _way_back(found: BackwardPass) -> str:
    """Whether the gradient grows or shrinks on its way through the layers."""
    flows = [
        (e.source, norm(e.gradient)) for e in found.edges if e.target and e.gradient is not None
    ]
    if not flows:
        return "no gradient comes back"
    (first, least), (last, most) = flows[0], flows[-1]
    told = f"its gradient has norm {number(most)} behind {last}"
    return told if len(flows) == 1 else f"{told}, and {number(least)} behind {first}"
