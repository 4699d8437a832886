"""Comparisons and bisections as text: pictures of any width, and nothing that people wrote becomes markup."""

from __future__ import annotations

from pathlib import Path

import pytest

from asv_jit.analysis.attribution import Attribution
from asv_jit.analysis.comparison import CaseComparison, Effect, Worsening
from asv_jit.commands.measure.compare import parse_share
from asv_jit.errors import UsageError
from asv_jit.git.repository import Commit
from asv_jit.interpreters.identity import Interpreter
from asv_jit.model import CaseKey
from asv_jit.terminal.bisect import bars
from asv_jit.terminal.compare import comparison_markdown, print_comparison
from asv_jit.workflows.compare import Comparison, Outcome, Side

HOSTILE = "<img src=x> @everyone `rm` | **bold** </details>"
INTERPRETER = Interpreter(
    "3.15.2", "3.15.2+0a1b2c3d", Path("python"), "debian", None, "on by default", False, False, ""
)


@pytest.mark.parametrize("width", [1, 7, 40, 200])
def test_bars_fit_any_width_and_show_every_chance(width: int) -> None:
    masses = [0.0] * 100
    masses[30], masses[31] = 0.9, 0.01
    picture = bars(masses, width)
    assert len(picture) == min(width, 100)
    assert "█" in picture
    if width >= 100:
        assert picture[30:32] == "█▁"
    assert bars([], 10) == " "
    assert bars([0.0, 0.0], 10) == "  "


def test_nothing_that_a_repository_says_is_markup_in_a_pull_request() -> None:
    case = CaseKey("toys.time_x", (HOSTILE,))
    effect = Effect("on", 1.0, 1.05, 1.05, 1.04, 1.06, 1e-9, "slower")
    found = CaseComparison(
        case=case, before="", after="3.15.2+0a1b2c3d", timed=True, blocks=15, disturbed=0, effects=(effect,),
        attribution=Attribution("jit", 0.99, "on"), answers="agree", wrong_answers=(), only_on=("b",), fails_on=("b",),
        complaint=HOSTILE, traces=(),
    )  # fmt: skip
    commit = Commit("0" * 40, 0, HOSTILE, HOSTILE)
    side = Side(commit, INTERPRETER)
    comparison = Comparison(side, side, "commits", (found,), {})
    worse = Worsening(case, "3.15.2+0a1b2c3d", "on", 0.05)
    text = comparison_markdown(Outcome((comparison,), ((HOSTILE, HOSTILE),), (worse,), (worse,), 0.02, (HOSTILE,)))
    outside = "".join(part for n, part in enumerate(text.split("`")) if n % 2 == 0)
    assert "<img" not in outside
    assert "@everyone" not in outside.replace("<code>", "")
    assert text.count("</details>") - text.count("</details> ") >= 1
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert {row.count("|") for row in rows} == {5}
    assert text.splitlines()[0] == "### asv-jit: 1 case became worse by 2.0% or more"


def test_what_is_undecided_is_named_and_never_said_to_be_no_worse(capsys: pytest.CaptureFixture[str]) -> None:
    doubt = "9 of 22 trials with the JIT on never settled"
    effects = (
        Effect("off", 1.0, 1.2, 1.2, 0.9, 1.6, 1.0, "unclear", f"not steady: {doubt}"),
        Effect("on", 1.0, 1.28, 1.28, 1.2, 1.4, 1e-9, "slower", f"{doubt}; the verdict holds"),
    )
    found = CaseComparison(
        case=CaseKey("toys.time_x"), before="", after="3.15.2+0a1b2c3d", timed=True, blocks=15, disturbed=0,
        effects=effects, attribution=Attribution("unclear", 0.5, "unclear"), answers="agree", wrong_answers=(),
        only_on=(), fails_on=(), complaint="", traces=(),
    )  # fmt: skip
    side = Side(Commit("0" * 40, 0, "", ""), INTERPRETER)
    may = Worsening(found.case, found.after, "off", 0.6)
    outcome = Outcome((Comparison(side, side, "commits", (found,), {}),), (), (), (may,), 0.02, ())
    head, _, *lines = comparison_markdown(outcome).splitlines()
    verdict = "nothing is known to be worse by 2.0% or more; 1 case may have, which these blocks cannot tell"
    assert head == f"### asv-jit: {verdict}"
    assert lines[0].endswith("undecided: JIT off: up to 60.0% slower")
    assert any(line.endswith("the verdict holds") for line in lines)
    print_comparison(outcome)
    printed = " ".join(capsys.readouterr().out.split())
    assert verdict in printed
    assert "undecided: toys.time_x on 3.15.2+0a1b2c3d: JIT off: up to 60.0% slower" in printed
    assert f"{doubt}; the verdict holds" in printed


@pytest.mark.parametrize(("text", "share"), [("2%", 0.02), ("0.02", 0.02), (" 150% ", 1.5)])
def test_shares_are_read_as_people_write_them(text: str, share: float) -> None:
    assert parse_share(text, "--fail-on") == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "2%%", "two", "-1%", "0", "nan"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--fail-on"):
        parse_share(text, "--fail-on")
