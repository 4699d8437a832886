"""List unclear cases grouped by kind of reason, with a remedy for each kind; used by every output."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from asv_jit.analysis.reasons import KINDS, Kind, kind_of
from asv_jit.text import units

_MOST_LINES = 10
REMEDIES: MappingProxyType[Kind, str] = MappingProxyType(
    {
        "not steady": "`asv-jit doctor` names what disturbs this machine; a larger jit.trial_seconds in asv.conf.json "
        "gives trials more time to settle",
        "disturbed": "stop what else runs, or measure on another core (jit.cpu in asv.conf.json); `asv-jit doctor` "
        "checks the machine",
        "too imprecise": "a quieter machine (`asv-jit doctor`), or more pairs (jit.pairs.max in asv.conf.json; not "
        "`--quick`); `--count` counts instructions, which show a change within a mode despite noise",
        "too short": "give the benchmark a longer timeout, or a call less work",
    }
)


def unclear_lines(reasons: Iterable[tuple[str, str]]) -> list[str]:
    """Return the lines that list the cases of each kind with their details, followed by the remedy.

    `reasons` holds pairs of case name and reason. Reasons of no known kind come last, without a remedy.
    """
    by_kind: dict[Kind | None, list[str]] = {}
    for name, reason in reasons:
        kind = kind_of(reason)
        detail = reason if kind is None else reason.partition(": ")[2]
        by_kind.setdefault(kind, []).append(f"{name}: {detail}")
    lines = []
    for kind in (*KINDS, None):
        found = by_kind.get(kind, [])
        if found:
            lines.append(f"unclear{f', {kind}' if kind else ''} ({units.count(len(found), 'case')}):")
            lines += [f"  {line}" for line in found[:_MOST_LINES]]
            lines += [f"  and {len(found) - _MOST_LINES} more"] if len(found) > _MOST_LINES else []
            lines += [f"  what helps: {REMEDIES[kind]}"] if kind else []
    return lines
