"""Pages that are mostly prose: the method, and what is shown where there is no page."""

from __future__ import annotations

from urllib.parse import urlsplit

from asv_jit.site.parts.publication import Publication
from asv_jit.site.parts.values import MethodPage, NotFoundPage
from asv_jit.text import units


def method(site: Publication) -> MethodPage:
    """How the figures came about."""
    settings = site.content.settings
    return MethodPage(
        frame=site.frames.make(
            "method", "Method", "How the figures are measured and computed, with sources.", path="method.html"
        ),
        level=units.level(settings.alpha),
        alpha=f"{settings.alpha:.6g}",
        equivalence=f"{settings.equivalence * 100:.6g}%",
    )


def not_found(site: Publication) -> NotFoundPage:
    """Shown under any address, so its links start at the host's root where the site's address is known."""
    url = site.content.url
    path = urlsplit(url).path.rstrip("/") + "/"
    base = path if url and path.startswith("/") and not path.startswith("//") else ""
    frame = site.frames.make("", "Page not found", "This page does not exist.", root=base, path="404.html")
    return NotFoundPage(frame=frame)
