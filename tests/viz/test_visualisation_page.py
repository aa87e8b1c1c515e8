"""The page about pictures names all that there is, and nothing that there is not."""

import re

import thalweg as tw
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "visualisation.md").read_text(encoding="utf-8")

# https://js.tensorflow.org/api_vis/1.5.1/
TFJS_VIS = {
    "": ["visor", ".surface", ".open", ".close", ".toggle", ".toggleFullScreen", ".isOpen"]
    + [".isFullscreen", ".bindKeys", ".unbindKeys", ".setActiveTab", ".el"],
    "render.": ["barchart", "confusionMatrix", "heatmap", "histogram", "linechart"]
    + ["scatterplot", "table"],
    "show.": ["history", "fitCallbacks", "perClassAccuracy", "valuesDistribution", "layer"]
    + ["modelSummary"],
    "metrics.": ["accuracy", "perClassAccuracy", "confusionMatrix"],
}
OPTIONS = [
    *["width", "height", "xLabel", "yLabel", "fontSize", "xAxisDomain", "yAxisDomain"],
    *["zoomToFit", "seriesColors", "maxBins", "stats", "color", "shadeDiagonal"],
    *["showTextOverlay", "zoomToFitAccuracy"],
]


def test_what_it_names_is_there():
    for room, name in re.findall(r"tw\.(viz|callbacks|metrics)\.(\w+)", PAGE):
        assert hasattr(getattr(tw, room), name), f"{room}.{name}"


def test_it_names_every_picture():
    functions = [name for name in tw.viz.__all__ if name.islower()]
    missing = [name for name in functions if f"tw.viz.{name}" not in PAGE]
    assert not missing


def test_the_tables_have_every_api_and_option_of_tfjs_vis():
    first_cells = " ".join(re.findall(r"^\| (.+?) \|", PAGE, re.MULTILINE))
    for prefix, names in TFJS_VIS.items():
        for name in names:
            assert f"`{prefix}{name}" in first_cells, prefix + name
    for option in OPTIONS:
        assert f"`{option}`" in first_cells, option
