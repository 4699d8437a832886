"""The Guide's words about a rule: what its figures are, what is missing, and the commands that go with it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from asv_jit.analysis import guide
from asv_jit.analysis.stats.suite_mean import SuiteSpeedup
from asv_jit.text import units

# What a ratio off / on says, by what it is a ratio of.
WORDS: Mapping[str, Mapping[str, str]] = {
    "time": {"faster": "faster", "same": "the same", "slower": "slower", "unclear": "unclear"},
    "memory": {"faster": "need less", "same": "the same", "slower": "need more", "unclear": "unclear"},
    "releases": {"faster": "gain more", "same": "the same", "slower": "gain less", "unclear": "unclear"},
}
_PROGRAM = "your_program.py"
_LEAST_RATIO = 0.09  # off / on: below it percents only grow longer
CHECKS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "cpu": (("A whole program, as it is:", f"asv-jit try {_PROGRAM}"),),
    "service": (
        ("Put a loop of requests into benchmarks/service.py of a suite of your own:", "asv-jit init"),
        ("and measure it after warm-up:", "asv-jit run --group service"),
    ),
    "io": (("A whole program, with an input that makes it wait as in real use:", f"asv-jit try {_PROGRAM}"),),
    "extension": (("A whole program; “hot” lists its slowest functions:", f"asv-jit try {_PROGRAM}"),),
    "startup": (("A command-line tool, start-up included:", "asv-jit try -m your_tool --help"),),
    "memory": (("A whole program; “peak memory” shows how much the JIT adds:", f"asv-jit try {_PROGRAM}"),),
    "dijkstra": (("A program of your own on that release:", f"asv-jit try --python 3.14 {_PROGRAM}"),),
    "3.15": (("A program of your own on both:", f"asv-jit try --python 3.14 --python 3.15 {_PROGRAM}"),),
}


def mean_of(rule: guide.Rule, whole: SuiteSpeedup | None) -> tuple[str, str]:
    """The mean and its 95% interval; of memory, what mode on needs more."""
    if whole is None:
        return "", ""
    if rule.metric == "memory":
        return _more(whole.ratio), units.interval(_more(whole.high), _more(whole.low))
    return units.ratio(whole.ratio), between(whole)


def between(whole: SuiteSpeedup) -> str:
    """A mean's interval."""
    return units.ratio_interval(whole.low, whole.high)


def _more(ratio: float) -> str:
    """`+1.3%` of memory for a ratio off / on of 0.987."""
    if ratio <= 0.0 or math.isinf(ratio):
        return units.DASH
    if ratio < _LEAST_RATIO:
        return units.ratio(1.0 / ratio)
    return units.signed_percent(1.0 / ratio, 1 if abs(1.0 / ratio - 1.0) < 0.0995 else 0)


def what(rule: guide.Rule) -> str:
    """What the figures of a rule are."""
    if rule.against:
        return f"the speedup by the JIT ÷ that on {rule.against}"
    if rule.metric == "memory":
        return "peak memory with the JIT on, against off"
    return "time with the JIT off ÷ time with it on"


def missing(rule: guide.Rule, found: guide.RuleAnswer) -> str:
    """Why there is no answer at all."""
    if rule.against and found.releases:
        return f"Not measured here: the rule needs results of both {rule.against} and {' or '.join(rule.minors)}."
    if rule.against:
        return f"Not measured here: there are no pairs of trials on {' or '.join(rule.minors)}."
    group, _, rest = _place(rule)
    if rest:
        return f"Not measured here: there is no benchmark {group}.{rest.removesuffix('.')} with pairs of trials."
    return f"Not measured here: no benchmark in a file called {group}.py has pairs of trials."


def _place(rule: guide.Rule) -> tuple[str, str, str]:
    """Where a rule's benchmarks are: the file, a dot, and the class if it is about one."""
    return rule.cases.removeprefix("^").replace("\\", "").partition(".")


def repeat(rule: guide.Rule) -> str:
    """The command that measures what tests the rule."""
    if rule.against:
        return f"asv-jit run HEAD --python {rule.against} --python {rule.minors[0]}"
    group, _, rest = _place(rule)
    return f"asv-jit run HEAD --bench '{rule.cases}'" if rest else f"asv-jit run HEAD --group {group}"
