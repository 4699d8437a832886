"""The colours as eyes see them that lack one of the three cones, computed from the style sheet itself.

The simulation is that of Machado, Oliveira and Fernandes (2009, A Physiologically-based Model for Simulation of Color
Vision Deficiency, table 1, severity 1.0), on linear RGB; differences are those of CIE 1976 in L*a*b*, where 2.3 is just
noticeable. Verdicts always have a sign and a word as well: asked here is what a reader sees at a glance.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from asv_jit.site.parts import figures

_STATIC = Path(__file__).parents[2] / "site_templates" / "static"
_CSS = (_STATIC / "site.css").read_text(encoding="utf-8")
_EYES = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])
_STARK, _CLEAR, _SEEN = 40.0, 12.0, 8.0


def _schemes() -> dict[str, dict[str, str]]:
    """The colours by scheme; the dark ones stand twice, for the system's wish and for the switch."""
    blocks = re.findall(r"color-scheme: (light|dark);(.*?)\}", _CSS, re.DOTALL)
    found = [(name, dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6})\b", block))) for name, block in blocks]
    (light,), darks = ([colours for name, colours in found if name == one] for one in ("light", "dark"))
    assert len(darks) == 2
    assert darks[0] == darks[1]
    assert light.keys() == darks[0].keys()
    return {"light": light, "dark": darks[0]}


def _seen(colour: str, eye: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """L*a*b* of `#rrggbb` as `eye` sees it."""
    parts = np.array([int(colour[place : place + 2], 16) / 255.0 for place in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    xyz = _XYZ @ np.clip(eye @ linear, 0.0, 1.0) / _WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116.0 * f[1] - 16.0, 500.0 * (f[0] - f[1]), 200.0 * (f[1] - f[2])])


def test_the_ruler_measures_what_is_known() -> None:
    """White and black are 100 apart; red and green, far apart for most, are nearer where a cone is missing."""
    white, black = (_seen(colour, _EYES["usual"]) for colour in ("#ffffff", "#000000"))
    assert np.linalg.norm(white - black) == pytest.approx(100.0, abs=0.01)
    apart = {name: np.linalg.norm(_seen("#c04040", eye) - _seen("#409040", eye)) for name, eye in _EYES.items()}
    assert apart["deuteranopia"] < apart["usual"] / 3.0
    assert apart["tritanopia"] > apart["usual"] / 2.0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("eye", list(_EYES))
def test_what_stands_side_by_side_is_told_apart_by_every_eye(scheme: str, eye: str) -> None:
    colours = _schemes()[scheme]

    def apart(one: str, other: str) -> float:
        return float(np.linalg.norm(_seen(colours[one], _EYES[eye]) - _seen(colours[other], _EYES[eye])))

    assert apart("off", "on") > _STARK  # the two modes in one chart
    assert apart("good", "bad") > _STARK  # faster and slower
    assert min(apart("off", "accent"), apart("on", "accent")) > _CLEAR  # the speedup below them
    assert min(apart("good", "doubt"), apart("even", "doubt")) > _CLEAR  # what is sure, and what is not
    for step in "123":  # the heat map: the two directions, then the steps of each
        assert apart(f"f{step}", f"s{step}") > _SEEN, step
    for name in "fs":
        assert min(apart(f"{name}1", f"{name}2"), apart(f"{name}2", f"{name}3")) > _SEEN, name
    assert apart("f3", "s3") > _STARK


def test_without_any_colour_there_is_a_sign() -> None:
    """Where all is grey: a sign for each verdict, a dash for one of the modes, hollow dots for what is not sure."""
    verdicts = ("faster", "slower", "same", "unclear", "failed", "skipped", "none")
    assert len({figures.badge(verdict).symbol for verdict in verdicts}) == len(verdicts)
    assert re.search(r"\.line\.off \{[^}]*stroke-dasharray", _CSS)
    assert re.search(r"\.key\.off \{[^}]*dashed", _CSS)
    assert re.search(r"\.dot \{ fill: var\(--surface\)", _CSS)
    looks = re.findall(r"(off|on): \{.*?dash: (\[.*?\]), marker: \"(\w+)\"", (_STATIC / "charts.js").read_text("utf-8"))
    assert len({dash for _, dash, _ in looks}) == len({marker for _, _, marker in looks}) == len(looks) == 2
