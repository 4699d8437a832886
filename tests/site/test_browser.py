"""The site in a real browser, from disk, as a reader opens it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.site.browsing import PAGES, address, barriers, visit
from tests.site.contents import WITHOUT_JIT

pytestmark = pytest.mark.browser


def _case(site: Path) -> str:
    return f"case/{sorted(path.name for path in (site / 'case').iterdir() if 'dijkstra' in path.name)[0]}"


def _names(page: Page) -> list[str]:
    return page.locator("tbody tr:visible .name").all_inner_texts()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (360, "dark")])
def test_no_page_has_a_barrier_or_is_wider_than_the_screen(
    browser: Browser, rich_site: Path, width: int, scheme: str
) -> None:
    with visit(browser, width=width, scheme=scheme) as page:
        for name in (*PAGES, _case(rich_site)):
            page.goto(address(rich_site, name))
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            assert barriers(page) == [], name
            assert page.title()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (360, "light")])
def test_pages_fit_and_keep_still_while_they_load(browser: Browser, rich_site: Path, width: int, scheme: str) -> None:
    shifts = "new Promise(done => new PerformanceObserver(list => done(list.getEntries().map(e => e.value)))"
    shifts += ".observe({type: 'layout-shift', buffered: true}) || setTimeout(() => done([]), 150))"
    with visit(browser, width=width, scheme=scheme) as page:
        for name in PAGES:
            page.goto(address(rich_site, name))
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            assert sum(page.evaluate(shifts)) < 0.05, name


def test_the_view_of_the_cases_lives_in_the_address(browser: Browser, rich_site: Path) -> None:
    with visit(browser) as page:
        page.goto(address(rich_site, "cases.html"))
        everything = _names(page)
        assert page.locator("[name=python]").input_value() == "3.15.2"  # the newest with a JIT
        page.get_by_label("Search").fill("render")
        page.locator("[name=machine]").select_option("bench-1")
        page.get_by_role("button", name="Speedup").click()
        assert _names(page) == ["time_render(128)", "time_render(64)"]
        page.get_by_role("button", name="Speedup").click()
        assert _names(page) == ["time_render(64)", "time_render(128)"]
        expect(page.locator("th[aria-sort=descending]")).to_have_text("Speedup")
        view = page.url
        page.go_back()
        assert _names(page) == ["time_render(128)", "time_render(64)"]
        page.go_forward()
        assert _names(page) == ["time_render(64)", "time_render(128)"]
        page.get_by_role("button", name="Reset").click()
        assert _names(page) == everything
        page.goto("about:blank")
        page.goto(view)
        assert _names(page) == ["time_render(64)", "time_render(128)"]
        page.goto("about:blank")
        page.goto(address(rich_site, "cases.html#python=all&verdict=failed"))
        assert _names(page) == ["time_loop(1)", "time_sum"]  # a crash and a wrong answer


def test_the_keyboard_suffices(browser: Browser, rich_site: Path) -> None:
    with visit(browser) as page:
        page.goto(address(rich_site, "cases.html"))
        page.keyboard.press("Tab")
        expect(page.get_by_text("Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.type("heap")
        assert set(_names(page)) == {"time_heap"}
        page.get_by_role("button", name="JIT off").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#cases th[aria-sort=ascending]")).to_have_text("JIT off")


def test_releases_are_sorted_within_their_groups(browser: Browser, rich_site: Path) -> None:
    with visit(browser) as page:
        page.goto(address(rich_site, "releases.html"))
        table = page.locator("table").first
        table.get_by_role("button", name="Python 3.15.2").click()
        groups = table.locator("tbody").all()
        for group in groups[1:]:
            orders = group.locator("tr:not([data-head]) td:nth-child(2)").evaluate_all(
                "all => all.map(e => e.dataset.o)"
            )
            known = [float(order) for order in orders if order]
            assert known == sorted(known)
            assert group.locator("tr").first.get_attribute("data-head") is not None
        page.locator("[name=verdict]").select_option("failed")
        assert {name.partition(".")[0] for name in _names(page)} == {"Crash", "Wrong"}
        expect(table.get_by_text("All cases")).to_be_visible()
        expect(table.locator("tr.group:visible")).to_have_count(1)


def test_the_map_of_releases_is_filtered_by_all_that_it_is_made_of(browser: Browser, rich_site: Path) -> None:
    with visit(browser) as page:
        page.goto(address(rich_site, "releases.html"))
        everything = len(_names(page))
        page.locator("[name=machine]").select_option("bench-1")
        first = _names(page)
        assert 0 < len(first) < everything
        expect(page.locator("section:has(table.heat):visible")).to_have_count(1)
        page.locator("[name=group]").select_option("cpu")
        within = _names(page)
        assert 0 < len(within) < len(first)
        page.locator("[name=verdict]").select_option("faster")
        somewhere = set(_names(page))
        page.locator("[name=release]").select_option("Python 3.14.10")
        there = set(_names(page))
        assert there < somewhere  # faster on another release counts no more
        column = page.locator("table.heat:visible tbody tr:visible:not([data-head]) td:nth-child(3) .hidden")
        assert set(column.all_inner_texts()) == {", faster"}
        page.go_back()
        assert set(_names(page)) == somewhere
        page.goto("about:blank")
        page.goto(address(rich_site, f"releases.html#machine=bench-1&release={quote(WITHOUT_JIT.identity)}"))
        assert "Crash" not in " ".join(_names(page))  # not measured there


def test_a_link_to_a_regression_shows_it(browser: Browser, rich_site: Path) -> None:
    with visit(browser) as page:
        page.goto(address(rich_site, "index.html"))
        line = page.locator("#lately ~ .events li").first
        name = line.locator(".name").inner_text()
        assert "commit=" in (line.locator("a").first.get_attribute("href") or "")
        line.get_by_role("link", name="details").click()
        row = page.locator("tr.named")
        expect(row).to_be_in_viewport()
        expect(row.locator(".name")).to_contain_text(name)
        row.get_by_text("More").click()
        expect(row.locator("pre")).to_contain_text("asv-jit bisect")
        page.locator("[name=show]").select_option("improvement")
        assert page.locator("tbody tr:visible").count() == 1
        page.get_by_role("link", name=name).or_(page.locator("tbody th a:visible")).first.click()
        expect(page.locator("h1")).to_contain_text("asv_only")


def test_the_theme_is_remembered(browser: Browser, rich_site: Path) -> None:
    with visit(browser, scheme="dark") as page:
        page.goto(address(rich_site, "index.html"))
        ground = "getComputedStyle(document.body).backgroundColor"
        dark = page.evaluate(ground)
        page.get_by_role("button", name="Dark colours").click()
        light = page.evaluate(ground)
        assert light != dark
        page.goto(address(rich_site, "cases.html"))
        assert page.evaluate(ground) == light
        page.emulate_media(media="print")
        assert not page.locator("nav").first.is_visible()


def test_everything_is_there_without_scripts(browser: Browser, rich_site: Path) -> None:
    with visit(browser, scripts=False) as page:
        page.goto(address(rich_site, "cases.html"))
        assert len(_names(page)) == page.locator("tbody tr").count() > 30
        assert not page.locator("[data-filters]").is_visible()
        assert not page.get_by_role("button", name="Dark colours").is_visible()
        page.goto(address(rich_site, "regressions.html"))
        assert page.locator("tbody tr:visible").count() == 5
        page.goto(address(rich_site, "releases.html"))
        assert page.locator("tbody tr:visible").count() == page.locator("tbody tr").count() > 13
        for name in PAGES:
            page.goto(address(rich_site, name))
            assert page.evaluate("document.documentElement.scrollWidth") <= 1440


def test_hostile_names_are_text_under_the_policy(browser: Browser, hostile_site: Path) -> None:
    cases = [f"case/{path.name}" for path in sorted((hostile_site / "case").iterdir()) if "script" in path.name]
    with visit(browser, width=360) as page:  # a dialog, an error or a request would end the test
        for name in (*PAGES, *cases):
            page.goto(address(hostile_site, name))
            assert page.locator("script:not([src])").count() == 0
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
            page.mouse.click(5, 300)
        page.goto(address(hostile_site, "cases.html"))
        page.get_by_label("Search").fill("<script>")
        assert _names(page)[0].startswith("<script>alert(1)</script>")


def test_the_policy_lets_no_script_of_a_page_run(browser: Browser, rich_site: Path) -> None:
    page = browser.new_page()
    page.goto(address(rich_site, "index.html"))
    for markup in ("<img src=x onerror='window.ran = 1'>", "<svg onload='window.ran = 1'></svg>"):
        page.evaluate("markup => { document.body.insertAdjacentHTML('beforeend', markup) }", markup)
    page.evaluate(
        "() => { const s = document.createElement('script'); s.text = 'window.ran = 1'; document.body.append(s) }"
    )
    assert page.evaluate("window.ran") is None
    page.close()
