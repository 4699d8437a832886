"""What the site is made from: everything that was measured and is worth showing, before any of it is text."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from asv_jit.analysis.cells.cell import CellKey
from asv_jit.analysis.cells.current import Current, Quiet
from asv_jit.analysis.cells.summary import Limits, SuiteSummary
from asv_jit.analysis.counts.summary import CaseCount
from asv_jit.analysis.history.events import Event
from asv_jit.analysis.history.series import History
from asv_jit.git.repository import Commit
from asv_jit.model import Trial, version_of
from asv_jit.site.content.timetable import Timetable
from asv_jit.store.findings.bisections import Bisection
from asv_jit.store.findings.nights import NightRecord
from asv_jit.store.machines import KnownNoise


class Release(Struct, frozen=True):
    """One interpreter as the site names it (see `model.build_of`).

    `jit` is `none`, `off by default` or `on by default`.
    """

    identity: str
    jit: str

    @property
    def version(self) -> str:
        """`3.15.2` of `3.15.2+0a1b2c3d`; a set of requirements that stands beside others stays."""
        return version_of(self.identity)

    @property
    def has_jit(self) -> bool:
        """Whether it can be measured in both modes."""
        return self.jit != "none"

    @property
    def jit_text(self) -> str:
        """`JIT on by default`, or `no JIT`."""
        return f"JIT {self.jit}" if self.has_jit else "no JIT"


class Fingerprint(Struct, frozen=True):
    """What a machine was for a while: its traits by name, and from when to when it measured (UTC, ISO; or empty)."""

    digest: str
    traits: tuple[tuple[str, str], ...]
    first: str
    last: str


class Machine(Struct, frozen=True):
    """One machine of the results tree, and what it measured.

    `newest`: whether it leads. `suites` holds one summary for each commit and interpreter,
    those of the latest commit first; `trials` those of the cells whose warm-up curves and failures are to be shown;
    `current` has one value an interpreter: each case at the newest commit that has it. `asv_only`: whether nothing but
    asv itself measured there, so that it has series and no cells. `noise` is by interpreter, from its cells;
    `same_code` is what `asv-jit doctor --measure` found there, the newest last. `nights`: the newest
    last. `counts` has one value a case and
    interpreter: its newest counts of instructions.
    """

    name: str
    details: tuple[tuple[str, str], ...] = ()
    newest: bool = False
    asv_only: bool = False
    suites: tuple[SuiteSummary, ...] = ()
    trials: Mapping[CellKey, tuple[Trial, ...]] = field(default_factory=dict)
    noise: tuple[tuple[str, Quiet], ...] = ()
    same_code: tuple[KnownNoise, ...] = ()
    nights: tuple[NightRecord, ...] = ()
    fingerprints: tuple[Fingerprint, ...] = ()
    current: tuple[Current, ...] = ()
    counts: tuple[CaseCount, ...] = ()


class SiteContent(Struct, frozen=True):
    """One publication of the site.

    `generated_at` is UTC in ISO form. `url` is where the site will stand, or empty; `show_commit_url` is asv's
    (`#` for none), to which a full hash is appended. `commits` is newest first. `problems` are sentences about
    what could not be read or measured.

    `machines` holds every machine: the leading one first, which measured the newest commit in trials. `table` (the
    history, placed) and `events` are over all machines, and empty where they were not asked for; `left_out` says what
    is in neither of them, with counts. `bisections`: those of all machines, the newest first.
    """

    title: str
    project: str
    url: str
    show_commit_url: str
    generated_at: str
    machines: tuple[Machine, ...]
    commits: tuple[Commit, ...]
    releases: tuple[Release, ...]
    problems: tuple[str, ...] = ()
    settings: Limits = field(default_factory=Limits)
    table: Timetable = field(default_factory=lambda: Timetable.of(None))
    events: tuple[Event, ...] = ()
    bisections: tuple[Bisection, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def history(self) -> History:
        """The history; an empty one where none was asked for."""
        return self.table.history
