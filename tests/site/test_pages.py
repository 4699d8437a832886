"""The pages as files: what each says, golden pages, size, and what a user's own templates replace."""

from __future__ import annotations

import gzip
import html
import re
from pathlib import Path

import msgspec
import numpy as np
import pytest

from asv_jit.analysis.cells.current import Current
from asv_jit.analysis.history.series import AnchorSeries
from asv_jit.model import CaseKey
from asv_jit.site import render
from asv_jit.site.content.site_content import Fingerprint, Machine, SiteContent
from asv_jit.site.content.slugs import slug
from asv_jit.site.content.timetable import Timetable
from asv_jit.site.pages import home
from asv_jit.site.parts.answers import answer_of
from asv_jit.site.parts.publication import Publication
from asv_jit.site.templates import template_environment, template_folders
from asv_jit.store.findings.nights import NightRecord
from asv_jit.store.machines import KnownNoise
from asv_jit.text import units
from tests.site import contents, histories
from tests.site.contents import OLDER, WITH_JIT, WITHOUT_JIT

_GOLDEN = Path(__file__).parent / "golden"


def _small() -> SiteContent:
    """A case of each verdict on two releases, a second machine, and one that asv alone measured on."""
    trials = contents.pairs(CaseKey("cpu.time_fast", ("10",)), WITH_JIT, 1.5)
    trials += contents.pairs(CaseKey("cpu.time_fast", ("10",)), OLDER, 1.02, noise=0.0005)
    trials += contents.pairs(CaseKey("web.time_slow"), WITH_JIT, 0.9) + contents.crash() + contents.tracked()
    made = contents.content(trials, (WITH_JIT, OLDER), url="https://example.org/jit/")
    found, events = histories.history([CaseKey("cpu.time_fast", ("10",)), CaseKey("asv_only.time_parse")])
    traits = (("cpu", "One"), ("kernel", "Linux 1"))
    prints = (
        Fingerprint("aaaa0000", traits, "2026-11-01T04:00:00Z", "2026-11-03T04:00:00Z"),
        Fingerprint("bbbb0000", (*traits[:1], ("kernel", "Linux 2")), "2026-11-04T04:00:00Z", "2026-11-04T05:00:00Z"),
    )
    noise = KnownNoise(
        at="2026-11-04T06:00:00+00:00", fingerprint="bbbb0000", interpreter=WITH_JIT.identity, pairs=20, value=0.0072,
        low=0.0055, high=0.0105, disturbed=2, false_alarm=False,
    )  # fmt: skip
    earlier = msgspec.structs.replace(noise, at="2026-10-01T06:00:00+00:00", value=0.05)
    first = msgspec.structs.replace(made.machines[0], fingerprints=prints, same_code=(earlier, noise), nights=NIGHTS)
    anchor = AnchorSeries("bench-1", "", None, np.array([0, 1], dtype=np.int32), np.array([1.0, 1.031]))
    found = msgspec.structs.replace(found, anchors=(anchor,), sessions=("2026-11-01T04:00:00Z", "2026-11-04T04:00:00Z"))
    second = Machine("old <box>", (("ram", "8161012"),), asv_only=True)
    known = histories.commits()
    return msgspec.structs.replace(
        made, table=Timetable.of(found), events=events, machines=(first, second),
        commits=(*made.commits, *known[::-1]),
    )  # fmt: skip


NIGHTS = (
    NightRecord("2026-11-03T01:00:00+00:00", None, 600.0, 62),
    NightRecord(
        "2026-11-04T01:00:00+00:00", 7200.0, 700.0, 94, counted=24, moved=("cpu.time_fast at aaaaaaaa: off +1.20%",)
    ),
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small") / "html"
    render.render_site(_small(), folder)
    return folder


@pytest.mark.parametrize("name", ["index", "cases", "releases", "regressions", "machines", "404"])
def test_pages_look_as_before(small: Path, name: str, update_golden: bool) -> None:
    """`pytest --update-golden` writes them anew: look at what changed before committing it."""
    golden = _GOLDEN / f"{name}.html"
    found = (small / f"{name}.html").read_text(encoding="utf-8")
    found = found[found.index("<main") : found.index("</main>")] + "</main>\n"  # the frame is the same everywhere
    if update_golden:
        golden.write_text(found, encoding="utf-8")
    assert found == golden.read_text(encoding="utf-8")


def test_a_case_that_only_asv_measured_says_what_holds_now(rich_site: Path) -> None:
    """With scripts off, too: the newest value, its machine, its unit, and the change since the last change point."""
    key = CaseKey("asv_only.Old.time_parse", ("10",))
    history = histories.rich().history
    assert history is not None
    (series,) = (one for one in history.series if one.key.case == key)
    last = series.tracks["plain"]
    said = _text(rich_site, f"case/{slug(key)}.html")
    said = said[said.index("EnvironmentMachine") : said.index("Over the commits")]
    value = units.seconds(float(last.values[-1]))
    between = units.interval(units.seconds(float(last.low[-1])), units.seconds(float(last.high[-1])))
    newest = histories.commits()[-1]
    assert f"{series.key.line}bench-1{value}{between}▲ −14.7%since " in said
    assert newest.short in said
    page = (rich_site / f"case/{slug(key)}.html").read_text(encoding="utf-8")
    event = re.search(r'href="#(event-[^"]*)">since ', page)
    assert event is not None
    assert f'id="{event[1]}"' in page


def test_what_its_author_calls_a_benchmark_is_shown_and_found(tmp_path: Path) -> None:
    made = histories.rich()
    assert made.history is not None
    titles = {"asv_only.Old.time_parse": "Parse an <old> file", "service.Web.time_json": "JSON"}
    content = msgspec.structs.replace(made, table=Timetable.of(msgspec.structs.replace(made.history, titles=titles)))
    render.render_site(content, tmp_path / "html")
    for key in (CaseKey("asv_only.Old.time_parse", ("10",)), CaseKey("service.Web.time_json")):
        title = html.escape(titles[key.benchmark])
        page = (tmp_path / "html" / "case" / f"{slug(key)}.html").read_text(encoding="utf-8")
        assert re.search(rf"<h1[^>]*><bdi>{title}</bdi>", page)
        assert key.benchmark in page
        rows = (tmp_path / "html" / "cases.html").read_text(encoding="utf-8").split("<tr")
        mine = [row for row in rows if f"{slug(key)}.html" in row]
        assert mine
        assert all(title in re.split("</th>|<td", row)[0] for row in mine)  # what the search looks at


def _text(folder: Path, name: str) -> str:
    text = re.sub(r"<[^>]*>", "", (folder / name).read_text(encoding="utf-8"))
    return re.sub(r"\s+", " ", html.unescape(text))


def test_machines_say_how_quiet_they_are_and_when_they_changed(small: Path) -> None:
    text = _text(small, "machines.html")
    assert "between +0.0% and +3.1% of its first level over 2 sessions" in text
    assert "Kernel: Linux 1 → Linux 2" in text
    assert "0.72%0.55% to 1.05%20 pairs2 disturbed" in text  # what the doctor measured last
    assert "2026-11-04 06:00 UTC" in text
    assert "5.00%" not in text
    assert "asv’s own results only" in text
    assert "old <box>" in text
    assert "2026-11-04 01:00 UTC12 min9424cpu.time_fast at aaaaaaaa: off +1.20%" in text  # the newest night first
    assert "7.78 GiB" in text


def test_regressions_carry_cause_state_and_command(small: Path) -> None:
    text = _text(small, "regressions.html")
    for words in ("8.0% slower", "the JIT: only the mode with it on moved", "candidate", "probability 97%",
                  "asv-jit bisect e000000000", "15% faster", "1 improvement"):  # fmt: skip
        assert words in text, words


def test_home_stays_small_with_thousands_of_cases() -> None:
    content = contents.large(2000)
    site = Publication.of(content)
    page = home.make(site)
    (packaged,) = template_folders(None)
    text = template_environment((packaged,)).get_template("home.html").render(page=page, frame=page.frame, site=site)
    loaded = [text.encode(), *((packaged / "static" / name).read_bytes() for name in ("site.css", "site.js"))]
    assert sum(len(gzip.compress(data)) for data in loaded) < 60_000
    assert "2,000 cases" in text


def test_templates_and_styles_of_the_user_come_first(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    (mine / "static").mkdir(parents=True)
    (mine / "static" / "site.css").write_text("body { color: red }", encoding="utf-8")
    (mine / "machines.html").write_text(
        '{% extends "base.html" %}{% block main %}<h1>Our {{ page.machines|length }}</h1>{% endblock %}', "utf-8"
    )
    render.render_site(contents.content(contents.pairs(CaseKey("a.time_a"), WITH_JIT, 1.1)), tmp_path / "html", mine)
    assert "<h1>Our 1</h1>" in (tmp_path / "html" / "machines.html").read_text(encoding="utf-8")
    assert (tmp_path / "html" / "static" / "site.css").read_text(encoding="utf-8") == "body { color: red }"
    assert 'href="static/site.css"' in (tmp_path / "html" / "index.html").read_text(encoding="utf-8")


def test_search_engines_are_told_of_every_page(small: Path, tmp_path: Path) -> None:
    text = (small / "sitemap.xml").read_text(encoding="utf-8")
    assert text.count("<url>") == len(list(small.rglob("*.html"))) - 1  # all but 404.html
    assert "<loc>https://example.org/jit/cases.html</loc>" in text
    assert not (small / "robots.txt").exists()  # it would speak for the whole host
    alone = msgspec.structs.replace(contents.content([]), url="https://jit.example.org/")
    render.render_site(alone, tmp_path / "html")
    assert "Sitemap: https://jit.example.org/sitemap.xml" in (tmp_path / "html" / "robots.txt").read_text("utf-8")


def _current(*ratios: float, release: contents.Release = WITH_JIT) -> Current:
    trials = [t for n, ratio in enumerate(ratios) for t in contents.pairs(CaseKey(f"a.time_{n}"), release, ratio)]
    (current,) = contents.content(trials, (release,)).machines[0].current
    return current


@pytest.mark.parametrize(
    ("ratios", "kind"),
    [((1.5, 1.4), "yes"), ((2.0, 2.0, 0.9), "mostly"), ((1.0, 1.0), "same"), ((0.9, 0.8), "no"), ((1.1, 0.9), "open")],
)
def test_the_answer_follows_the_mean_and_the_verdicts(ratios: tuple[float, ...], kind: str) -> None:
    assert answer_of(_current(*ratios), 0.02).kind == kind


def test_there_is_no_answer_without_pairs() -> None:
    assert answer_of(None, 0.02).kind == "none"
    assert answer_of(_current(1.0, release=WITHOUT_JIT), 0.02).kind == "none"
