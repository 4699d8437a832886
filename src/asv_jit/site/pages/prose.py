"""Pages that are mostly prose: the method, how to compare, and what is shown instead of a missing page."""

from __future__ import annotations

from urllib.parse import urlsplit

from msgspec import Struct

from asv_jit.analysis.metrics import METRICS, Row
from asv_jit.site.parts.counts import why_no_verdict
from asv_jit.site.parts.publication import Publication
from asv_jit.site.parts.values import Frame


class ProsePage(Struct, frozen=True):
    """A page whose template has all its words."""

    frame: Frame


class MethodPage(Struct, frozen=True):
    """`method.html`, with the table of metrics; `no_verdict`: why counts decide none, with this suite's example."""

    frame: Frame
    no_verdict: str
    metrics: tuple[Row, ...]


def method(site: Publication) -> MethodPage:
    """Make `method.html`: how the figures are measured and computed."""
    frame = site.frame("method.html", "How the figures are measured and computed, with sources.")
    return MethodPage(frame, why_no_verdict(site.disagreement), tuple(METRICS.values()))


def compare(site: Publication) -> ProsePage:
    """Make `compare.html`, where `static/compare.js` compares any two commits or releases."""
    description = f"Any two commits or Python releases of {site.content.project}, side by side."
    return ProsePage(site.frame("compare.html", description))


def not_found(site: Publication) -> ProsePage:
    """Make `404.html`, which may be shown under any address: its links start at the host's root if that is known."""
    url = site.content.url
    path = urlsplit(url).path.rstrip("/") + "/"
    root = path if url and path.startswith("/") and not path.startswith("//") else ""
    return ProsePage(site.frame("404.html", "This page does not exist.", title="Page not found", root=root))
