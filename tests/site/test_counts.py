"""What the pages say of counted instructions, as files."""

from __future__ import annotations

import html
import re
from pathlib import Path

import msgspec
import numpy as np
import pytest
from playwright.sync_api import Browser

from asv_jit.analysis.counts.series import count_changes, count_series
from asv_jit.analysis.counts.summary import current_counts
from asv_jit.analysis.history.grouping import Scene, commit_events
from asv_jit.analysis.history.levelling import stretches
from asv_jit.analysis.history.series import History
from asv_jit.analysis.history.timeline import Axes
from asv_jit.model import CaseKey
from asv_jit.site import render
from asv_jit.site.content import format as form
from asv_jit.site.content.site_content import SiteContent
from asv_jit.site.content.slugs import slug
from asv_jit.site.content.timetable import Timetable
from tests.site import contents
from tests.site.browsing import address, barriers, visit
from tests.site.contents import COMMITS, OLDER, WITH_JIT, WITHOUT_JIT

_GOLDEN = Path(__file__).parent / "golden"
FAST, HEAP, NEW = CaseKey("cpu.time_fast", ("10",)), CaseKey("cpu.time_heap"), CaseKey("cpu.time_new")


def _counted() -> SiteContent:
    """Two timed cases with counts that disagree with the clock, one that was only counted, one whose count failed."""
    trials = contents.pairs(FAST, WITH_JIT, 2.1) + contents.pairs(HEAP, WITH_JIT, 1.05, noise=0.001)
    trials += contents.pairs(FAST, OLDER, 1.1)
    made = contents.content(trials, (WITH_JIT, OLDER))
    counts = contents.counted(
        [
            *contents.counts(FAST, WITH_JIT),
            *contents.counts(FAST, OLDER, on={"loop": 30_000, "jit": 12_000, "interpreter": 15_000}),
            *contents.counts(FAST, WITHOUT_JIT),
            *contents.counts(HEAP, WITH_JIT, off={"loop": 39, "interpreter": 61}, on={"jit": 50, "interpreter": 70}),
            *contents.counts(NEW, WITH_JIT),
            *contents.counts(CaseKey("cpu.time_failing"), WITH_JIT, good=False),
        ]
    )
    return msgspec.structs.replace(made, machines=(msgspec.structs.replace(made.machines[0], counts=counts),))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("counted") / "html"
    render.render_site(_counted(), folder)
    return folder


def _text(page: Path) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", "", page.read_text(encoding="utf-8"))))


def _case(site: Path, key: CaseKey) -> Path:
    return site / "case" / f"{slug(key)}.html"


def test_a_case_with_counts_looks_as_before(site: Path, update_golden: bool) -> None:
    golden = _GOLDEN / "counted.html"
    found = _case(site, FAST).read_text(encoding="utf-8")
    found = found[found.index('<section aria-labelledby="instructions">') : found.index('<section class="take"')]
    if update_golden:
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8")


def test_it_says_where_the_instructions_go_and_why_that_decides_nothing(site: Path) -> None:
    said = _text(_case(site, FAST))
    assert "The interpreter’s loop does 67% of this program’s work: a JIT can replace that." in said
    assert "With the JIT on, compiled code does 53% of the work, and the loop 3%." in said
    assert "code made by the JIT0.0%052.9%18,000" in said
    assert "PyObject_RichCompare12.5%7,50014.7%5,000" in said
    example = "In this suite cpu.time_heap on Python 3.15.2 shows it best: off ÷ on is 0.83× by its instructions"
    assert example in said
    assert example in _text(site / "method.html")


def test_nothing_of_a_count_needs_a_style_attribute(site: Path) -> None:
    assert " style=" not in _case(site, FAST).read_text(encoding="utf-8")


def test_groups_and_rules_say_how_much_of_their_work_the_jit_does(site: Path) -> None:
    """A group of all its counted cases, a rule of those that test it, each case counting alike."""
    fast, heap = 18_000 / 34_000, 50 / 120
    assert f"{(2 * fast + heap) / 3:.0%} in JIT code" in _text(site / "index.html")
    assert f"{(fast + heap) / 2:.0%} of its work in code made by the JIT" in _text(site / "guide.html")


def test_what_was_only_counted_has_a_page_that_is_linked(site: Path) -> None:
    assert f'href="case/{slug(NEW)}.html"' in (site / "cases.html").read_text(encoding="utf-8")
    assert "The interpreter’s loop does 67%" in _text(_case(site, NEW))


def test_a_count_that_failed_says_why(site: Path) -> None:
    said = _text(_case(site, CaseKey("cpu.time_failing")))
    assert "off: failed: ValueError: <no>" in said


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three counted commits and nothing else: 1.5% more instructions with the JIT off since the second."""
    folder = tmp_path_factory.mktemp("history") / "html"
    commits = COMMITS[2::-1]
    more = {"loop": 40_900, "interpreter": 15_000, "libc": 5_000}
    trials = [
        *contents.counts(NEW, WITH_JIT, commit=commits[0]),
        *contents.counts(NEW, WITH_JIT, commit=commits[1], off=more),
        *contents.counts(NEW, WITH_JIT, commit=commits[2], off=more),
    ]
    places = {commit.hash: place for place, commit in enumerate(commits)}
    counts = contents.counted(trials)
    made, _ = count_series("bench-1", counts, Axes(places, {WITH_JIT.identity: 0}, {}, {WITH_JIT.identity: "3.15"}, {}))
    dates = np.array([commit.date for commit in commits], dtype=np.int64)
    known = History(tuple(places), dates, "git", (WITH_JIT.identity,), (), counted=tuple(made))
    (series,) = made
    found = [(one, count_changes(series, 0.002)) for one in stretches(series, known.interpreters, ())]
    plain = contents.content([], (), COMMITS[:3])
    machine = msgspec.structs.replace(plain.machines[0], counts=current_counts(counts, {commits[2].hash: 0}))
    content = msgspec.structs.replace(
        plain,
        machines=(machine,),
        table=Timetable.of(known),
        events=tuple(commit_events(series, Scene(known.commits, known.interpreters, 0.002), found, ())),
    )
    render.render_site(content, folder)
    return folder


def test_the_series_of_counts_is_in_the_case_s_data_to_the_instruction(history: Path, update_golden: bool) -> None:
    found = (history / "data" / f"{slug(NEW)}.js").read_bytes()
    golden = _GOLDEN / "counted.js"
    data = form.decoded(found)
    assert isinstance(data, form.CaseData)
    assert [event.series for event in data.events] == [0]
    if update_golden:
        golden.write_bytes(found)
    assert found == golden.read_bytes()


def test_the_series_and_its_change_are_on_the_page_without_scripts(history: Path) -> None:
    said = _text(_case(history, NEW))
    assert "Instructions: the last 3 points" in said
    assert "60,900" in said
    assert "1.5% more instructions" in said
    assert "the interpreter: only the mode with the JIT off moved" in said


def test_home_says_that_there_are_counts_but_no_times(history: Path) -> None:
    assert "The instructions of 1 case were counted." in _text(history / "index.html")


@pytest.mark.browser
def test_the_chart_shows_counts_and_marks_their_change(browser: Browser, history: Path) -> None:
    with visit(browser) as page:
        page.goto(address(history, f"case/{slug(NEW)}.html"))
        said = page.locator(".panel-text").inner_text()
        assert said == "3 points: JIT off from 60,000 to 60,900, JIT on 34,000 throughout; 1 change of level."
        assert page.locator(".change-mark").count() == 1


@pytest.mark.browser
def test_tables_of_counts_fit_a_telephone(browser: Browser, site: Path) -> None:
    with visit(browser, width=390) as page:
        page.goto(address(site, f"case/{slug(FAST)}.html"))
        wide = "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.ariaLabel)"
        assert page.locator(".counted .scroll").evaluate_all(wide) == []


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (1440, "light"), (360, "dark")])
def test_counts_fit_and_have_no_barrier(browser: Browser, site: Path, width: int, scheme: str) -> None:
    with visit(browser, width=width, scheme=scheme, scripts=width > 360) as page:
        for name in (f"case/{slug(FAST)}.html", "index.html", "guide.html", "cases.html", "method.html"):
            page.goto(address(site, name))
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            if width > 360:  # axe is a script
                page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
                assert barriers(page) == [], name
