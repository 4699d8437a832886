"""Charts, comparisons and downloads in a real browser, from disk, as a reader uses them."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path

import msgspec
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from asv_jit.analysis.history.series import History
from asv_jit.model import CaseKey
from asv_jit.site.content.slugs import slug
from asv_jit.site.content.timetable import Timetable
from asv_jit.site.parts.event_lines import event_address
from asv_jit.site.render import render_site
from tests.site import compared, histories
from tests.site.browsing import barriers, visit
from tests.site.content import columns_oracle as oracle
from tests.site.contents import HOSTILE

pytestmark = pytest.mark.browser

_CASE = slug(CaseKey("cpu.Graphs.time_dijkstra"))
_PLAIN = slug(CaseKey("asv_only.Old.time_parse", ("10",)))
_SHIFTS = """new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifted = (window.shifted ?? 0) + entry.value;
}).observe({ type: "layout-shift", buffered: true });"""


def _case(site: Path, name: str = _CASE, state: str = "") -> str:
    return (site / "case" / f"{name}.html").as_uri() + state


def _drag(page: Page, start: float, end: float) -> None:
    """Across the first chart, from one share of its width to another."""
    over = page.locator("[data-over]").first
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * (start + end) / 2, y)
    page.mouse.move(box["x"] + box["width"] * end, y)
    page.mouse.up()


def _points(page: Page) -> int:
    found = re.match(r"(\d+) points?:", page.locator(".panel-text").first.inner_text())
    assert found is not None
    return int(found[1])


def test_a_zoom_is_an_address_and_back_and_forward_work(browser: Browser, rich_site: Path) -> None:
    with visit(browser) as page:
        page.goto(_case(rich_site))
        whole = _points(page)
        _drag(page, 0.5, 0.75)
        zoomed = _points(page)
        assert whole * 0.2 < zoomed < whole * 0.3
        assert re.search(r"#from=[0-9a-f]{8}&to=[0-9a-f]{8}$", page.url)
        linked = page.url
        page.get_by_role("button", name="Zoom in").click()
        assert _points(page) < zoomed
        page.go_back()
        assert _points(page) == zoomed
        page.go_back()
        assert _points(page) == whole
        page.go_forward()
        assert _points(page) == zoomed
    with visit(browser) as page:
        page.goto(linked)
        assert _points(page) == zoomed
        page.get_by_role("button", name="Show all commits").click()
        assert _points(page) == whole
        assert "from" not in page.url
        page.locator("[name=span]").select_option("last 30")
        assert 20 <= _points(page) <= 30  # some of the last commits were not measured here


def test_the_cursor_tells_everything_of_a_commit(browser: Browser, rich_site: Path) -> None:
    with visit(browser) as page:
        page.goto(_case(rich_site))
        charts = page.locator("[data-over]")
        assert charts.count() == 2  # the times, and the speedup below
        charts.nth(1).hover()
        tip = page.locator(".tip")
        expect(tip).to_be_visible()
        text = tip.inner_text()
        commit = next(one for one in histories.commits() if one.short in text)
        assert commit.subject in text
        assert commit.author in text
        times = re.findall(r"[\d.]+ µs\s+[\d.]+ to [\d.]+ µs", text)
        assert len(times) == 2
        assert re.search(r"[\d.]+×\s+[\d.]+× to [\d.]+×", text)
        assert "3.15.2+0a1b2c3d" in text
        assert re.search(r"· ([5-9]|1\d|2[0-2]) pairs", text)
        page.mouse.click(*_middle(page))
        link = tip.get_by_role("link", name=commit.short)
        assert link.get_attribute("href") == f"https://example.org/commit/{commit.hash}"


def _middle(page: Page) -> tuple[float, float]:
    box = page.locator("[data-over]").nth(1).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_charts_work_by_keyboard(browser: Browser, rich_site: Path) -> None:
    with visit(browser) as page:
        page.goto(_case(rich_site))
        plots = page.locator(".plots").first
        plots.focus()
        page.keyboard.press("End")
        last = page.locator(".tip").inner_text()
        page.keyboard.press("ArrowLeft")
        before = page.locator(".tip").inner_text()
        assert last[:8] != before[:8]
        assert page.locator("output[aria-live]").inner_text().split() == before.split()
        whole = _points(page)
        page.keyboard.press("+")
        assert _points(page) < whole
        page.keyboard.press("Escape")
        assert _points(page) == whole
        assert "points" in (plots.get_attribute("aria-label") or "")


def test_what_is_shown_can_be_chosen_and_linked(browser: Browser, rich_site: Path) -> None:
    with visit(browser) as page:
        page.goto(_case(rich_site))
        page.get_by_role("checkbox", name="3.14 from debian").check()
        assert page.locator(".panel h3").all_inner_texts() == ["3.15 from debian", "3.14 from debian"]
        page.locator("[name=metric]").select_option("Peak memory")
        page.locator("[name=machine]").select_option(histories.MACHINES[1])
        page.locator("[name=x]").select_option("by date")
        page.locator("[name=y]").select_option("logarithmic")
        assert "MiB" in page.locator(".panel-text").first.inner_text()
        linked = page.url
    with visit(browser) as page:
        page.goto(linked)
        assert page.locator("[name=machine]").input_value() == histories.MACHINES[1]
        assert page.locator("[name=metric]").input_value() == "memory"
        assert "MiB" in page.locator(".panel-text").first.inner_text()


def test_change_points_are_marked_and_lead_to_what_is_said_of_them(browser: Browser, rich_site: Path) -> None:
    with visit(browser) as page:
        page.goto(_case(rich_site))
        mark = page.locator(".change-mark")
        expect(mark).to_have_count(1)
        mark.click()
        event = page.locator(":target")
        assert histories.commits()[histories.JUMP].short in event.inner_text()
        assert "asv-jit bisect" in event.inner_text()
        _drag(page, 0.1, 0.3)
        expect(mark).to_have_count(0)


def test_a_link_from_an_event_opens_its_machine_line_and_commit(browser: Browser, rich_site: Path) -> None:
    event = next(one for one in histories.rich().events if slug(one.key.case) == _CASE)
    key = msgspec.structs.replace(event.key, machine=histories.MACHINES[1], line="3.14 from debian")
    with visit(browser) as page:
        page.goto(f"{rich_site.as_uri()}/{event_address(msgspec.structs.replace(event, key=key))}")
        tip = page.locator(".tip.pinned")
        expect(tip).to_be_in_viewport()
        assert event.commit[:8] in tip.inner_text()
        assert "3.14" in tip.inner_text()
        assert page.locator(".panel h3").all_inner_texts() == ["3.14 from debian"]
        assert page.locator("[name=machine]").input_value() == histories.MACHINES[1]
        page.get_by_role("button", name="Zoom in").click()
        assert "commit=" not in page.url


def test_charts_open_on_the_machine_and_line_of_the_newest_commit(browser: Browser, tmp_path: Path) -> None:
    case = CaseKey("a.time_a")
    known = histories.commits(30)
    old, new = (histories.plain_series(case, name, seed=1, count=count) for name, count in (("a", 10), ("z", 30)))
    lines = [msgspec.structs.replace(new, key=msgspec.structs.replace(new.key, line=f"3.{minor}")) for minor in (9, 13)]
    dates = np.array([commit.date for commit in known], dtype=np.int64)
    history = History(tuple(one.hash for one in known), dates, "git", ("3.12",) * 4, (old, *lines))
    content = msgspec.structs.replace(histories.rich(), commits=known[::-1], table=Timetable.of(history), events=())
    render_site(content, tmp_path / "html")
    with visit(browser) as page:
        page.goto(_case(tmp_path / "html", slug(case)))
        assert page.locator("[name=machine] option").all_inner_texts() == ["z", "a"]
        assert page.locator(".panel h3").all_inner_texts() == ["3.13"]
        page.goto((tmp_path / "html" / "compare.html").as_uri())
        assert page.locator("[name=machine]").input_value() == "z"
        page.locator("[name=line]").wait_for()
        assert page.locator("[name=line] option").all_inner_texts() == ["all lines", "3.13", "3.9"]


def test_fingers_move_the_cursor_and_zoom(browser: Browser, rich_site: Path) -> None:
    touch = """(over, steps) => { for (const [kind, id, x] of steps) {
      const { left, top, width, height } = over.getBoundingClientRect();
      over.dispatchEvent(new PointerEvent(kind, { pointerType: "touch", pointerId: id, bubbles: true,
        clientX: left + width * x, clientY: top + height / 2 }));
    } }"""
    with visit(browser, width=360) as page:
        page.goto(_case(rich_site))
        over = page.locator("[data-over]").first
        over.evaluate(touch, [["pointerdown", 1, 0.3], ["pointermove", 1, 0.6]])
        expect(page.locator(".tip")).to_be_visible()
        whole = _points(page)
        over.evaluate(touch, [["pointerdown", 2, 0.7], ["pointermove", 2, 0.95], ["pointermove", 1, 0.1]])
        assert _points(page) < whole / 2


def test_charts_follow_the_theme(browser: Browser, rich_site: Path) -> None:
    with visit(browser) as page:
        page.goto(_case(rich_site))
        drawn = "document.querySelector('canvas').toDataURL()"
        light = page.evaluate(drawn)
        page.locator("[data-theme-switch]").click()
        page.wait_for_function(f"light => {drawn} !== light", arg=light)
        dark = page.evaluate(drawn)
        page.emulate_media(media="print")  # on paper everything is light, also what was drawn already
        page.wait_for_function(f"dark => {drawn} !== dark", arg=dark)
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_the_page_does_not_jump_while_charts_come(browser: Browser, rich_site: Path) -> None:
    with visit(browser) as page:
        page.add_init_script(_SHIFTS)
        page.goto(_case(rich_site))
        expect(page.locator(".plots canvas").first).to_be_visible()
        expect(page.locator("[data-warm-up] canvas").first).to_be_visible()
        assert page.evaluate("window.shifted ?? 0") < 0.02


def test_trials_stand_behind_each_figure(browser: Browser, rich_site: Path) -> None:
    with visit(browser) as page:
        page.goto(_case(rich_site))
        page.locator(".glance").get_by_role("link", name="9 pairs").first.click()
        rows = page.locator("table.trials:visible tbody tr")
        expect(rows).to_have_count(18)
        assert "ms" in rows.first.inner_text()


def test_the_browser_reads_columns_as_they_are_documented(browser: Browser, rich_site: Path) -> None:
    data = oracle.read((rich_site / "data" / f"{_CASE}.js").read_bytes())
    columns = [column for series in data["series"] for column in series["columns"].values()]
    with visit(browser) as page:
        page.goto(_case(rich_site))
        read = page.evaluate("columns => columns.map(asvJit.decode)", columns)
    for column, found in zip(columns, read, strict=True):
        wanted = oracle.bounds(column)
        assert _alike(found["value"], oracle.values(column))
        assert _alike(found["low"], [None if bound is None else bound[0] for bound in wanted])
        assert _alike(found["high"], [None if bound is None else bound[1] for bound in wanted])


def _alike(one: list[float | None], other: list[float | None]) -> bool:
    """As `approx`, with None for a missing value."""
    return all(a == b or (a and b and math.isclose(a, b)) for a, b in zip(one, other, strict=True))


def test_series_come_as_a_spreadsheet_without_formulas(browser: Browser, rich_site: Path) -> None:
    with visit(browser) as page:
        page.goto(_case(rich_site, _PLAIN))
        with page.expect_download() as download:
            page.get_by_role("button", name="Series as CSV").click()
        rows = list(csv.DictReader(download.value.path().read_text("utf-8").splitlines()))
        assert len(rows) == 185
        assert {row["metric"] for row in rows} == {"plain"}
        assert 0.003 < float(rows[0]["value"]) < 0.004
        assert rows[0]["low"] == ""  # the band of the chart is no interval
        assert page.evaluate("asvJit.csv.text([['=1+1', 'a,\"b', -1.5, null]])") == '\'=1+1,"a,""b",-1.5,\r\n'
        assert page.evaluate("asvJit.csv.text([[0.12345678901234567]])") == "0.12345678901234566\r\n"


def test_the_spreadsheet_has_every_line_and_links_name_lines(browser: Browser, rich_site: Path) -> None:
    with visit(browser) as page:
        page.goto(_case(rich_site))
        with page.expect_download() as download:
            page.get_by_role("button", name="Series as CSV").click()
        rows = list(csv.DictReader(download.value.path().read_text("utf-8").splitlines()))
        lines = page.locator("[name=line]").all()
        names = {box.locator("xpath=..").inner_text() for box in lines}
        assert len(names) > 1
        assert {row["line"] for row in rows} == names
        for box in lines:
            box.check()
        linked = page.url
        assert all(name.partition(" ")[0] in linked for name in names)
        page.goto("about:blank")
        page.goto(linked)
        assert all(box.is_checked() for box in page.locator("[name=line]").all())


def test_any_two_commits_are_compared(browser: Browser, rich_site: Path) -> None:
    known = histories.commits()
    content = histories.rich()
    table = Timetable.of(content.history)
    wanted = compared.between_commits(table, "bench-1", 100, 140, alpha=0.002, equivalence=0.02)
    with visit(browser) as page:
        page.goto((rich_site / "compare.html").as_uri())
        for side, commit in (("a", known[100]), ("b", known[140])):
            page.locator(f"[name={side}]").fill(commit.hash)
            page.locator(f"[name={side}]").press("Enter")
        expect(page.locator("[data-shown]")).to_have_text(f"{len(wanted)} of {len(wanted)} rows")
        sure = [one for one in wanted if one.verdict in ("worse", "better")]
        page.locator("[name=show]").select_option("worse")
        names = page.locator("[data-result] .name").all_inner_texts()
        worse = sum(one.verdict == "worse" for one in sure)
        assert len(names) == worse > 3
        assert names[0].startswith(sure[0].case.benchmark.rpartition(".")[2])
        significance = page.locator("[data-result] tbody tr").first.locator(".d-si").inner_text()
        assert float(significance) == pytest.approx(sure[0].significance, rel=0.05)
        linked = page.url
        assert f"a={known[100].short}&b={known[140].short}" in linked
        for name, keep, left in (
            ("line", "3.14 from debian", sum(one.line == "3.14 from debian" for one in sure if one.verdict == "worse")),
            (
                "group",
                "service",
                sum(one.case.benchmark.startswith("service.") for one in sure if one.verdict == "worse"),
            ),
        ):
            assert left < worse
            page.locator(f"[name={name}]").select_option(keep)
            expect(page.locator("[data-result] tbody tr")).to_have_count(left)
            page.go_back()
            expect(page.locator("[data-result] tbody tr")).to_have_count(worse)
        page.get_by_role("button", name="Swap").click()
        expect(page.locator("[data-result] .badge").first).to_contain_text("worse")
        page.go_back()
        assert page.locator("[name=a]").input_value() == known[100].short
    with visit(browser) as page:
        page.goto(linked)
        expect(page.locator("[data-result] tbody tr")).to_have_count(len(names))
        page.locator("[name=kind]").select_option("releases")
        expect(page.locator("[data-result] .sides")).to_contain_text("3.15.2")


def test_the_browser_gives_every_verdict_that_the_data_files_imply(browser: Browser, rich_site: Path) -> None:
    """Also where the difference is about as large as its threshold, although the data files are rounded."""
    known = histories.commits()
    table = Timetable.of(histories.rich().history)
    pairs = [(first, 199 - first // 3) for first in range(0, 130, 9)]
    seen = 0
    with visit(browser) as page:
        for before, after in pairs:
            wanted = compared.between_commits(table, "bench-1", before, after, alpha=0.002, equivalence=0.02)
            page.goto("about:blank")
            page.goto((rich_site / "compare.html").as_uri() + f"#a={known[before].short}&b={known[after].short}")
            expect(page.locator("[data-shown]")).to_have_text(f"{len(wanted)} of {len(wanted)} rows")
            rows = page.locator("[data-result] tbody tr").evaluate_all(_SAID)
            found = {tuple(row[:3]): tuple(row[3:]) for row in rows}
            assert found == {(str(one.case), one.line, one.figure): (one.verdict, *one.behind) for one in wanted}
            seen += sum(abs(one.significance - 1.0) < 0.05 for one in wanted)
    assert seen > 0  # else this tests nothing


_SAID = """rows => rows.map(row => [
  row.querySelector(".owner").textContent + row.querySelector(".name").textContent,
  row.querySelector(".d-li").textContent, row.querySelector(".d-fi").textContent,
  row.querySelector(".d-ve").textContent.split(" ").at(-1),
  ...[".d-be", ".d-af"].map(side => row.querySelector(`${side} > :last-child`).textContent)
    .map(text => text.match(/\\d+ (pair|trial)s?$/)?.[0] ?? "")])"""


@pytest.mark.parametrize("name", ["compare.html", "data.html", f"case/{_CASE}.html", f"case/{_PLAIN}.html"])
def test_without_scripts_everything_current_is_there(browser: Browser, rich_site: Path, name: str) -> None:
    with visit(browser, scripts=False) as page:
        page.goto((rich_site / name).as_uri())
        assert page.locator(":is(.chart-controls, button):visible").count() == 0
        if name == "compare.html":
            assert page.locator("noscript a").evaluate_all("links => links.map(one => one.getAttribute('href'))") == [
                "releases.html",
                "regressions.html",
            ]
        elif name.startswith("case"):
            table = page.locator("table.points").first
            page.locator("details.last summary").first.click()
            expect(table).to_be_visible()
            assert table.locator("tbody tr").count() == (20 if name.endswith(f"{_PLAIN}.html") else 30)
            assert re.search(r"[\d.]+ (ms|µs)", table.locator("tbody tr").first.inner_text())
            assert (table.locator("th").get_by_text("Pairs").count() == 1) == name.endswith(f"{_CASE}.html")
            if name.endswith(f"{_CASE}.html"):  # of asv's own, thousands, the table has to do: it says all of it
                assert page.locator("noscript svg").count() + page.locator("figure svg.chart").count() > 0


@pytest.mark.parametrize(("scheme", "width"), [("dark", 360), ("light", 1440)])
def test_pages_with_charts_have_no_barriers_and_fit(browser: Browser, rich_site: Path, scheme: str, width: int) -> None:
    for name in (f"case/{_CASE}.html", f"compare.html#a={histories.commits()[100].short}", "data.html"):
        with visit(browser, width=width, scheme=scheme) as page:
            path, _, state = name.partition("#")
            page.goto((rich_site / path).as_uri() + (f"#{state}" if state else ""))
            page.wait_for_load_state()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert barriers(page) == []


def test_hostile_names_stay_text_in_charts_and_comparisons(browser: Browser, hostile_site: Path) -> None:
    with visit(browser) as page:
        page.goto((hostile_site / "case" / f"{slug(CaseKey(HOSTILE[0], (HOSTILE[0],)))}.html").as_uri())
        expect(page.locator("h1")).to_contain_text("<script>alert(1)</script>")
    subjects = [one for one in histories.commits(hostile=True) if one.subject.startswith("<script>")]
    with visit(browser) as page:
        page.goto(_case(hostile_site, state=f"#from={subjects[0].short}"))
        page.locator(".plots").first.focus()
        page.keyboard.press("Home")
        expect(page.locator(".tip")).to_contain_text("<script>alert(1)</script>")
        assert json.loads(page.evaluate("JSON.stringify(window.alerted ?? null)")) is None
    with visit(browser) as page:
        page.goto((hostile_site / "compare.html").as_uri() + f"#a={subjects[0].short}")
        expect(page.locator("[data-result] .sides")).to_contain_text("<script>alert(1)</script>")


def test_missing_data_is_said(browser: Browser, rich_site: Path, tmp_path: Path) -> None:
    page_text = (rich_site / "case" / f"{_CASE}.html").read_text("utf-8")
    lonely = tmp_path / "case"
    lonely.mkdir()
    (lonely / "x.html").write_text(page_text.replace('src="../data/', 'src="../nowhere/'), encoding="utf-8")
    (tmp_path / "static").symlink_to(rich_site / "static")
    context = browser.new_context()
    page = context.new_page()
    page.goto((lonely / "x.html").as_uri())
    expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
    context.close()


def test_compare_begins_with_the_leading_machine_and_its_newest_commits(browser: Browser, tmp_path: Path) -> None:
    made = histories.rich()
    for machines in (made.machines, made.machines[::-1]):
        site = tmp_path / machines[0].name
        table = Timetable.of(made.history, [machine.name for machine in machines])
        render_site(msgspec.structs.replace(made, machines=machines, table=table), site)
        with visit(browser) as page:
            page.goto((site / "compare.html").as_uri())
            expect(page.locator("[data-result] tbody tr").first).to_be_visible()
            assert page.locator("select[name=machine]").input_value() == machines[0].name
            assert page.locator("[data-result] .side code").count() == 2
