"""Colours can be told apart by all eyes and in grey, and text can be read."""

import itertools
import re

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from thalweg.viz.palette import DARK, LIGHT, palette, theme
from thalweg.viz.standalone import common_file

BOTH = pytest.mark.parametrize("colours", [LIGHT, DARK], ids=lambda p: p.name)

# How colours look to who lacks one kind of cone, in linear RGB: Machado, Oliveira and Fernandes,
# "A physiologically-based model for simulation of color vision deficiency" (2009), severity 1.
SIGHTS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
SIGHT = pytest.mark.parametrize("sight", SIGHTS)


def linear(colour):
    """Linear red, green and blue of a colour as matplotlib takes them."""
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def oklab(rgb):
    """Lightness and two opponent colours, in which distances are those that one sees.

    Ottosson, "A perceptual color space for image processing" (2020).
    """
    to_cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return np.cbrt(np.clip(rgb, 0, 1) @ to_cones.T) @ to_lab.T


def lightness(colour):
    return float(oklab(linear(colour))[0])


def contrast(one, other):
    """The contrast ratio of WCAG 2."""
    a, b = (float(linear(c) @ [0.2126, 0.7152, 0.0722]) + 0.05 for c in (one, other))
    return max(a, b) / min(a, b)


def test_the_measures_know_black_and_white():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert lightness("#ffffff") == pytest.approx(1, abs=1e-6)
    assert lightness("#000000") == pytest.approx(0, abs=1e-6)


@BOTH
@SIGHT
def test_any_two_series_keep_their_distance(colours, sight):
    seen = [oklab(linear(c) @ SIGHTS[sight].T) for c in colours.series]
    distances = [np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)]
    assert min(distances) > 0.09  # about 0.02 is just noticeable


@BOTH
def test_any_two_series_differ_in_grey(colours):
    grey = sorted(lightness(c) for c in colours.series)
    assert min(np.diff(grey)) > 0.03


@BOTH
@SIGHT
def test_good_and_bad_differ(colours, sight):
    good, bad = (oklab(linear(c) @ SIGHTS[sight].T) for c in (colours.good, colours.bad))
    assert np.linalg.norm(good - bad) > 0.12


@BOTH
@pytest.mark.parametrize("ground", ["ground", "surface", "raised"])
def test_text_can_be_read(colours, ground):
    for text in ("ink", "soft"):
        assert contrast(getattr(colours, text), getattr(colours, ground)) >= 4.5, text


@BOTH
def test_series_stand_out_from_the_ground(colours):
    for series in colours.series:
        assert contrast(series, colours.surface) >= 3, series


@BOTH
def test_quantities_grow_lighter_all_the_way(colours):
    shades = [lightness(c[:3]) for c in colours.sequential()(np.linspace(0, 1, 64))]
    assert min(np.diff(shades)) > 0
    assert shades[-1] - shades[0] > 0.5


@BOTH
def test_signed_quantities_are_even_around_0_and_differ_at_the_ends(colours):
    shades = np.array([lightness(c[:3]) for c in colours.diverging()(np.linspace(0, 1, 65))])
    away = 1 if colours.name == "dark" else -1
    assert np.all(away * np.diff(shades[32:]) > 0)
    assert np.all(away * np.diff(shades[:33]) < 0)
    assert abs(shades[0] - shades[-1]) > 0.1  # negative is not positive in grey


@BOTH
@SIGHT
def test_signs_are_told_apart_by_all_eyes(colours, sight):
    low, high = (
        oklab(linear(c) @ SIGHTS[sight].T) for c in (colours.signed[0], colours.signed[-1])
    )
    assert np.linalg.norm(low - high) > 0.2


def test_pages_have_the_same_colours():
    style = common_file("style.css")
    pairs = dict(re.findall(r"--([\w-]+): light-dark\((#\w{6}, #\w{6})\)", style))
    for name in ("ground", "surface", "raised", "rule", "ink", "soft"):
        assert pairs[name] == f"{getattr(LIGHT, name)}, {getattr(DARK, name)}", name
    series = ("accent", "second", "third", "fourth", "fifth", "sixth")
    for i, name in enumerate(series):
        assert pairs[name] == f"{LIGHT.series[i]}, {DARK.series[i]}", name


def test_a_theme_holds_for_its_block_also_after_an_error():
    assert palette() is LIGHT

    def fail():
        with theme("dark"):
            assert palette() is DARK
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        fail()
    assert palette() is LIGHT


def test_another_theme_is_an_error():
    with pytest.raises(ValueError, match="'light' or 'dark', got 'blue'"), theme("blue"):
        pass
