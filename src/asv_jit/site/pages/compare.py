"""Compare: any two commits or releases, which `static/compare.js` compares in the browser."""

from __future__ import annotations

from msgspec import Struct

from asv_jit.site.parts.publication import Publication
from asv_jit.site.parts.values import Frame
from asv_jit.text import units


class ComparePage(Struct, frozen=True):
    """`compare.html`."""

    frame: Frame
    level: str
    equivalence: str


def make(site: Publication) -> ComparePage:
    """Make the page."""
    limits = site.content.settings
    description = f"Any two commits or Python releases of {site.content.project}, side by side."
    return ComparePage(
        site.frames.make("compare", "Compare", description, path="compare.html"),
        units.level(limits.alpha),
        f"{limits.equivalence * 100:.6g}%",
    )
