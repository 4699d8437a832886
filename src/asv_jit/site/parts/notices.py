"""What a reader must know before trusting the figures: old data, other machines, failures, doubts."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from asv_jit.site.parts.publication import Publication
from asv_jit.text import units
from asv_jit.text.units import age_days, day

STALE_DAYS = 14
"""Results older than this are called old: a nightly job that still runs brings some every day."""


class Notice(Struct, frozen=True):
    """One sentence, and where there is more about it; `kind` is `old`, `machine`, `failed` or `unclear`."""

    kind: str
    text: str
    href: str


def notices(site: Publication) -> tuple[Notice, ...]:
    """Return the warnings of this publication, the gravest first."""
    return (*_old(site), *_machines(site), *_verdicts(site))


def _old(site: Publication) -> list[Notice]:
    content = site.content
    measured = max((cell.summary.measured for cell in site.current), default="")
    if not measured and len(content.history.dates):
        newest = day(int(content.history.dates.max()))
        days = age_days(f"{newest}T00:00:00+00:00", content.generated_at) if newest else None
        text = f"These results are old: the newest commit that was measured is from {newest}."
    else:
        days = age_days(measured, content.generated_at) if measured else None
        text = f"These results are old: the last measurement is from {units.moment(measured)}."
    return [Notice("old", text, "")] if days is not None and days >= STALE_DAYS else []


def _machines(site: Publication) -> list[Notice]:
    """Return the releases that the leading machine did not measure: they compare with the others only by ratio."""
    warnings = []
    for release in site.releases.newest_first:
        machines = [machine for machine, _ in site.measured(release)]
        if machines and machines[0] is not site.content.machines[0]:
            names = units.shown(", ".join(machine.name for machine in machines), 120)
            text = (
                f"Python {site.releases.name(release.identity)} was measured on another machine ({names}): compare its "
                "speedup, not its times, with those of the other releases."
            )
            warnings.append(Notice("machine", text, "machines.html"))
    return warnings


def _verdicts(site: Publication) -> list[Notice]:
    counts = Counter(cell.summary.verdict for cell in site.current)
    failed, unclear = counts["failed"], counts["unclear"]
    warnings = []
    if failed:
        text = f"{units.count(failed, 'result')} could not be measured: every block of trials failed."
        warnings.append(Notice("failed", text, "cases.html#python=all&verdict=failed"))
    if unclear:
        verb = "is" if unclear == 1 else "are"
        text = f"{units.count(unclear, 'result')} {verb} unclear: not precise or not steady enough to judge."
        warnings.append(Notice("unclear", text, "cases.html#python=all&verdict=unclear"))
    return warnings
