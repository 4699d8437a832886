"""What a reader must know before trusting the figures: old data, other machines, failures, doubts."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from asv_jit.site.content.release_index import ReleaseIndex
from asv_jit.site.content.site_content import SiteContent
from asv_jit.text import units
from asv_jit.text.dates import age_days, day

STALE_DAYS = 14
"""Results older than this are called old: a nightly job that still runs brings some every day."""


class Notice(Struct, frozen=True):
    """One sentence, and where there is more about it; `kind` is `old`, `machine`, `failed` or `unclear`."""

    kind: str
    text: str
    href: str


def notices(content: SiteContent, index: ReleaseIndex) -> tuple[Notice, ...]:
    """The warnings of this publication, the gravest first."""
    return (*_old(content), *_machines(content, index), *_verdicts(content))


def _old(content: SiteContent) -> list[Notice]:
    measured = max(
        (case.measured for machine in content.machines for one in machine.current for case in one.suite.cases),
        default="",
    )
    if not measured and content.history is not None and len(content.history.dates):
        newest = day(int(content.history.dates.max()))
        days = age_days(f"{newest}T00:00:00+00:00", content.generated_at) if newest else None
        text = f"These results are old: the newest commit that was measured is from {newest}."
    else:
        days = age_days(measured, content.generated_at) if measured else None
        text = f"These results are old: the last measurement is from {units.moment(measured)}."
    return [Notice("old", text, "")] if days is not None and days >= STALE_DAYS else []


def _machines(content: SiteContent, index: ReleaseIndex) -> list[Notice]:
    """Releases that the leading machine did not measure: they compare with the others only by ratio."""
    machines = content.machines
    leading = {current.interpreter for current in machines[0].current}
    found = []
    for release in index.releases:
        others = [m for m in machines[1:] if any(one.interpreter == release.identity for one in m.current)]
        if others and release.identity not in leading:
            names = units.shorten(", ".join(units.visible(machine.name) for machine in others), 120)
            found.append(
                Notice(
                    "machine",
                    f"Python {index.name(release)} was measured on another machine ({names}): compare its speedup, "
                    "not its times, with those of the other releases.",
                    "machines.html",
                )
            )
    return found


def _verdicts(content: SiteContent) -> list[Notice]:
    counts = Counter(
        case.verdict for machine in content.machines for one in machine.current for case in one.suite.cases
    )
    found = []
    if counts["failed"]:
        text = f"{units.count(counts['failed'], 'result')} could not be measured: every block of trials failed."
        found.append(Notice("failed", text, "cases.html#python=all&verdict=failed"))
    if counts["unclear"]:
        verb = "is" if counts["unclear"] == 1 else "are"
        text = f"{units.count(counts['unclear'], 'result')} {verb} unclear: not precise or not steady enough to judge."
        found.append(Notice("unclear", text, "cases.html#python=all&verdict=unclear"))
    return found
