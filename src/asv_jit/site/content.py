"""What the site is made from: everything that was measured and is worth showing, before any of it is text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from asv_jit.analysis.cells import CellKey
from asv_jit.analysis.summary import Limits, SuiteSummary
from asv_jit.model import Trial
from asv_jit.repository import Commit

__all__ = ["Release", "SiteContent"]


@dataclass(frozen=True, slots=True)
class Release:
    """One interpreter as the site names it; `jit` is `none`, `off by default` or `on by default`."""

    identity: str
    jit: str

    @property
    def version(self) -> str:
        """`3.15.2` of `3.15.2+0a1b2c3d`."""
        return self.identity.partition("+")[0]

    @property
    def has_jit(self) -> bool:
        """Whether it can be measured in both modes."""
        return self.jit != "none"


@dataclass(frozen=True, slots=True)
class SiteContent:
    """One publication of the site.

    `generated_at` is UTC in ISO form. `url` is where the site will stand, or empty; `show_commit_url` is asv's
    (`#` for none), to which a full hash is appended. `commits` is newest first. `suites` holds one summary for
    each commit and interpreter, those of the latest commit first. `trials` are the trials of the cells whose
    warm-up curves and failures are to be shown; cells without any are fine. `problems` are sentences about
    what could not be read or measured.
    """

    title: str
    project: str
    url: str
    show_commit_url: str
    generated_at: str
    machine: str
    machine_details: tuple[tuple[str, str], ...]
    commits: tuple[Commit, ...]
    releases: tuple[Release, ...]
    suites: tuple[SuiteSummary, ...]
    trials: Mapping[CellKey, tuple[Trial, ...]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    settings: Limits = field(default_factory=Limits)
