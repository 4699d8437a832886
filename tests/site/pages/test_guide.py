"""The Guide says what follows from the figures, links to the cases, and makes sense for a project unlike ours."""

from __future__ import annotations

import re
from pathlib import Path

from asv_jit.model import CaseKey
from asv_jit.site.content.site_content import SiteContent
from asv_jit.site.pages import guide
from asv_jit.site.pages.guide import GuidePage, GuideRule
from asv_jit.site.parts.publication import Publication
from asv_jit.site.render import render_site
from tests.site.contents import HOSTILE, OLDER, WITH_JIT, WITHOUT_JIT, content, pairs


def _page(found: SiteContent) -> GuidePage:
    return guide.make(Publication.of(found))


def _rule(page: GuidePage, anchor: str) -> GuideRule:
    return next(rule for rule in page.rules if rule.anchor == anchor)


def _ours() -> SiteContent:
    trials = []
    for name, on_15, on_14 in (
        ("cpu.Dijkstra.time_dijkstra", 1.25, 1.1), ("cpu.NBody.time_n_body", 1.5, 1.0),
        ("io_bound.Files.time_write", 1.0, 1.0), ("own.Things.time_thing", 0.9, 1.0),
    ):  # fmt: skip
        case = CaseKey(name)
        trials += pairs(case, WITH_JIT, on_15, noise=0.002) + pairs(case, OLDER, on_14, noise=0.002)
        trials += pairs(case, WITHOUT_JIT, 1.0)
    return content(trials, (WITH_JIT, OLDER, WITHOUT_JIT))


def test_answers_and_contradictions_follow_from_the_measurements() -> None:
    page = _page(_ours())
    assert page.columns == ("3.15.2", "3.14.10")
    assert page.without_jit == "3.13.5"
    cpu = _rule(page, "rule-cpu")
    assert [(one.release, one.badge.word) for one in cpu.answers] == [("3.15.2", "holds"), ("3.14.10", "depends")]
    assert cpu.answers[0].mean == "1.37×"
    assert cpu.answers[0].tally == "of 2 cases 2 faster; 18 pairs"
    assert cpu.contradiction == ""
    dijkstra = _rule(page, "rule-dijkstra")
    assert dijkstra.contradiction == "The measurements contradict this on Python 3.14.10."
    assert [badge.word if badge else None for badge in dijkstra.glance] == [None, "does not hold"]
    assert [one.badge.word for one in dijkstra.answers] == ["not in the rule", "does not hold"]
    newer = _rule(page, "rule-3-15")
    assert [(one.release, one.aside) for one in newer.answers] == [("3.15.2", "against Python 3.14.10")]
    assert [group.name for group in page.groups] == ["own"]


def test_a_rule_without_measurements_says_so() -> None:
    page = _page(content(pairs(CaseKey("parsers.Toml.time_parse"), WITH_JIT, 1.2)))
    assert page.measured
    assert not page.tested
    assert all(rule.missing.startswith("Not measured here") for rule in page.rules)
    assert [group.name for group in page.groups] == ["parsers"]
    empty = _page(content([]))
    assert not empty.measured
    assert all(rule.missing for rule in empty.rules)


def test_of_thousands_of_cases_the_most_telling_are_shown() -> None:
    trials = [one for place in range(230) for one in pairs(CaseKey(f"cpu.time_{place}"), WITH_JIT, 1.1, count=2)]
    trials += pairs(CaseKey("cpu.time_best"), WITH_JIT, 9.0, count=2)
    rule = _rule(_page(content(trials)), "rule-cpu")
    assert rule.cases == "Of the 231 cases that test it, the 200 that differ most"
    assert len(rule.rows) == 200
    assert any(row.name == "cpu.time_best" for row in rule.rows)


def test_every_case_is_linked_and_nothing_becomes_markup(tmp_path: Path) -> None:
    trials = [one for name in HOSTILE for one in pairs(CaseKey(f"cpu.{name}"), WITH_JIT, 1.3, count=3)]
    render_site(content(trials), tmp_path / "html")
    text = (tmp_path / "html" / "guide.html").read_text(encoding="utf-8")
    links = re.findall(r'href="(case/[^"]+)"', text)
    assert len(set(links)) == len(HOSTILE)
    assert all((tmp_path / "html" / link).is_file() for link in links)
    assert "<script>alert" not in text
    assert "—" not in text
