"""What the pages say of counted instructions, as files."""

from __future__ import annotations

import html
import re
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Browser

from asv_jit.model import CaseKey
from asv_jit.site import render
from asv_jit.site.content.site_content import SiteContent
from asv_jit.site.content.slugs import slug
from tests.site import contents
from tests.site.browsing import address, barriers, visit
from tests.site.contents import OLDER, WITH_JIT, WITHOUT_JIT

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
    assert "The interpreter’s loop is 67% of this program’s work: that is what a JIT can replace." in said
    assert "With the JIT on, code that it made does 53% of the work, and the loop 3%." in said
    assert "code made by the JIT0.0%052.9%18,000" in said
    assert "PyObject_RichCompare12.5%7,50014.7%5,000" in said
    assert "In this suite cpu.time_heap on Python 3.15.2 shows it best: off ÷ on is 0.83× by its instructions" in said


def test_nothing_of_a_count_needs_a_style_attribute(site: Path) -> None:
    assert " style=" not in _case(site, FAST).read_text(encoding="utf-8")


def test_groups_and_rules_say_how_much_of_their_work_the_jit_does(site: Path) -> None:
    """A group of all its counted cases, a rule of those that test it, each case counting alike."""
    fast, heap = 18_000 / 34_000, 50 / 120
    assert f"{(2 * fast + heap) / 3:.0%} in JIT code" in _text(site / "index.html")
    assert f"{(fast + heap) / 2:.0%} of its work in code made by the JIT" in _text(site / "guide.html")


def test_what_was_only_counted_has_a_page_that_is_linked(site: Path) -> None:
    assert f'href="case/{slug(NEW)}.html"' in (site / "cases.html").read_text(encoding="utf-8")
    assert "The interpreter’s loop is 67%" in _text(_case(site, NEW))


def test_a_count_that_failed_says_why(site: Path) -> None:
    said = _text(_case(site, CaseKey("cpu.time_failing")))
    assert "off: failed: ValueError: <no>" in said


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
