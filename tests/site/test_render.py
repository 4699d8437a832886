from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
import pytest

from asv_jit.errors import UsageError
from asv_jit.model import CaseKey
from asv_jit.site import render
from asv_jit.site.content.site_content import SiteContent
from asv_jit.site.content.slugs import slug
from tests.site import contents
from tests.site.contents import OLDER, WITH_JIT, WITHOUT_JIT

_EMPTY_ELEMENTS = {"meta", "link", "input", "br", "img"}
# What HTML closes by itself when these begin.
_CELLS = {"tr", "td", "th"}
_CLOSES = {
    "tr": _CELLS,
    "td": {"td", "th"},
    "th": {"td", "th"},
    "tbody": {*_CELLS, "thead"},
    "li": {"li", "p"},
    "ul": {"p"},
    "p": {"p"},
}
_ENDS = {
    "thead": _CELLS,
    "tbody": _CELLS,
    "table": {*_CELLS, "tbody"},
    "ul": {"li", "p"},
    "ol": {"li", "p"},
}


class Parsed(HTMLParser):
    """What a page consists of; complains about tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _CLOSES:
            self._close(_CLOSES[tag])
        self.elements.append((tag, dict(attrs)))
        if tag not in _EMPTY_ELEMENTS:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self._close(_ENDS.get(tag, set()))
        assert self.open.pop() == tag

    def _close(self, tags: set[str]) -> None:
        while self.open and self.open[-1] in tags:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, attribute: str) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get(attribute)) is not None]


@pytest.fixture(scope="module", params=["rich", "hostile", "empty", "no jit"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    makers: dict[str, Callable[[], SiteContent]] = {
        "rich": contents.rich,
        "hostile": contents.hostile,
        "empty": lambda: contents.content([], ()),
        "no jit": lambda: contents.content(
            contents.pairs(CaseKey("a.time_a"), WITHOUT_JIT, 1.0, count=1), (WITHOUT_JIT,)
        ),
    }
    folder = tmp_path_factory.mktemp("site") / "html"
    written = render.render_site(makers[request.param](), folder)
    assert all((folder / name).is_file() for name in written)
    return folder


def _pages(site: Path) -> dict[Path, Parsed]:
    return {path: Parsed(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


def test_every_link_within_the_site_resolves(site: Path) -> None:
    pages = _pages(site)
    for path, page in pages.items():
        for link in [*page.values("href"), *page.values("src")]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                assert parts.scheme == "https"
                continue
            below = parts.path.removeprefix("/jit/") if path.name == "404.html" else parts.path
            target = (path.parent / unquote(below)).resolve() if below else path
            assert target.is_relative_to(site.resolve())
            assert target.is_file(), f"{path.name} leads to {link}"
            if "=" in parts.fragment:  # the state of a table: which rows it shows
                fields = [name for name in pages[target].values("name") if name]
                assert {key for key, _ in parse_qsl(parts.fragment)} <= set(fields), link
            elif parts.fragment:
                assert parts.fragment in pages[target].values("id")


def test_nothing_inline_and_nothing_from_elsewhere(site: Path) -> None:
    for page in _pages(site).values():
        policy = next(a["content"] for t, a in page.elements if a.get("http-equiv") == "Content-Security-Policy")
        assert policy is not None
        assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self';")
        assert "unsafe" not in policy
        for tag, attributes in page.elements:
            assert "style" not in attributes
            assert tag not in ("style", "iframe", "object", "base")
            assert tag != "img" or re.fullmatch(r"([.]{0,2}/)?(\w+/)?static/[\w.-]+\.svg", attributes.get("src") or "")
            assert not any(name.startswith("on") for name in attributes)
            assert tag != "script" or re.search(r"(^|/)(static|data)/[\w./-]+\.js$", attributes.get("src") or "")


def test_ids_are_unique_and_pages_have_their_landmarks(site: Path) -> None:
    for page in _pages(site).values():
        assert len(page.values("id")) == len(set(page.values("id")))
        tags = [tag for tag, _ in page.elements]
        assert [tags.count(tag) for tag in ("html", "main", "h1", "footer")] == [1, 1, 1, 1]
        assert tags.index("title") < tags.index("body")
        assert ("html", {"lang": "en"}) in page.elements
        assert {"og:title", "og:description"} <= set(page.values("property"))
        assert {"description", "viewport"} <= set(page.values("name"))


def test_hostile_names_are_text(tmp_path: Path) -> None:
    render.render_site(contents.hostile(), tmp_path / "html")
    home = Parsed((tmp_path / "html" / "index.html").read_text(encoding="utf-8"))
    assert "<script>alert(1)</script>" in home.text
    assert "<img src=x onerror=alert(1)>" in home.text
    assert "nul␀and␛escape" in home.text
    for name in contents.HOSTILE:
        assert (tmp_path / "html" / "case" / f"{slug(CaseKey(name, (name,)))}.html").is_file()
    assert {path.parent.name for path in tmp_path.rglob("*.html")} == {"html", "case"}


def test_a_release_without_a_jit_has_no_speedup(tmp_path: Path) -> None:
    case = CaseKey("a.time_a")
    trials = contents.pairs(case, WITH_JIT, 1.0, noise=0.001) + contents.pairs(case, WITHOUT_JIT, 1.0)
    render.render_site(contents.content(trials, (WITHOUT_JIT, WITH_JIT)), tmp_path / "html")
    text = (tmp_path / "html" / "index.html").read_text(encoding="utf-8")
    cards = re.findall(r'<p class="answer">([^<]*?) ?<', text)
    assert cards == ["1.00×", "no JIT"]


def test_suspected_bugs_come_first_with_their_command(tmp_path: Path) -> None:
    trials = contents.wrong_answer() + contents.crash()
    render.render_site(contents.content(trials), tmp_path / "html")
    page = Parsed((tmp_path / "html" / "index.html").read_text(encoding="utf-8"))
    words = ("Fails only with the JIT on", "Wrong answer with", "Should I turn the JIT on?")
    order = [page.text.index(word) for word in words]
    assert order == sorted(order)
    assert "asv-jit run " in page.text
    crashed = slug(CaseKey("cpu.Crash.time_loop", ("1",)))
    case = Parsed((tmp_path / "html" / "case" / f"{crashed}.html").read_text(encoding="utf-8"))
    assert "Segmentation fault" in case.text
    assert 'File <b>"x.py"</b>' in case.text


def test_break_even_is_not_shown_where_it_would_be_chance(tmp_path: Path) -> None:
    trials = contents.pairs(CaseKey("a.time_a"), WITH_JIT, 1.0)
    render.render_site(contents.content(trials), tmp_path / "html")
    assert "no clear difference to pay off" in (tmp_path / "html" / "index.html").read_text(encoding="utf-8")


def test_tracked_values_and_lone_pairs(tmp_path: Path) -> None:
    trials = contents.tracked() + contents.pairs(CaseKey("a.time_one"), OLDER, 1.3, count=1)
    render.render_site(contents.content(trials, (WITH_JIT, OLDER)), tmp_path / "html")
    text = (tmp_path / "html" / "cases.html").read_text(encoding="utf-8")
    assert "1,236" in text
    assert "not a timing" in text
    assert "too few pairs" in text


def test_publishing_again_replaces_everything(tmp_path: Path) -> None:
    folder = tmp_path / "html"
    render.render_site(contents.content(contents.pairs(CaseKey("old"), WITH_JIT, 1.1)), folder)
    render.render_site(contents.content(contents.pairs(CaseKey("new"), WITH_JIT, 1.1)), folder)
    assert [path.name for path in (folder / "case").iterdir()] == [f"{slug(CaseKey('new'))}.html"]
    assert list(tmp_path.iterdir()) == [folder]


def test_a_crash_leaves_the_old_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "html"
    render.render_site(contents.content(contents.pairs(CaseKey("old"), WITH_JIT, 1.1)), folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def crash(*_: object) -> dict[str, bytes]:
        raise MemoryError

    monkeypatch.setattr(render, "static_files", crash)
    with pytest.raises(MemoryError):
        render.render_site(contents.content([]), folder)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    assert list(tmp_path.iterdir()) == [folder]


def test_files_of_others_are_never_deleted(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious", encoding="utf-8")
    with pytest.raises(UsageError, match="did not write"):
        render.render_site(contents.content([]), tmp_path)
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "precious"


def test_templates_of_the_user_come_first(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    (mine / "static").mkdir(parents=True)
    (mine / "404.html").write_text("gone: {{ frame.project }} {{ '<' }}", encoding="utf-8")
    (mine / "static" / "favicon.svg").write_text("<svg/>", encoding="utf-8")
    render.render_site(contents.content([]), tmp_path / "html", mine)
    assert (tmp_path / "html" / "404.html").read_text(encoding="utf-8") == "gone: demo project &lt;"
    assert (tmp_path / "html" / "static" / "favicon.svg").read_text(encoding="utf-8") == "<svg/>"
    assert (tmp_path / "html" / "index.html").is_file()


def test_values_have_their_unit_everywhere(tmp_path: Path) -> None:
    """Whether a case is a timing, memory, or a latency that was tracked: no bare 38543590.355."""
    made = contents.content(contents.tracked() + contents.pairs(CaseKey("a.time_a"), WITH_JIT, 1.3), (WITH_JIT, OLDER))
    (current,) = made.machines[0].current
    for unit, wanted in (("bytes", "1.21 KiB"), ("seconds", "20.6 min"), ("objects", "1,236 objects")):
        cases = tuple(one if one.timed else msgspec.structs.replace(one, unit=unit) for one in current.suite.cases)
        changed = msgspec.structs.replace(current, suite=msgspec.structs.replace(current.suite, cases=cases))
        machine = msgspec.structs.replace(made.machines[0], current=(changed,))
        folder = tmp_path / unit
        render.render_site(msgspec.structs.replace(made, machines=(machine,)), folder)
        for name in ("cases.html", "releases.html", "index.html"):
            assert wanted in (folder / name).read_text(encoding="utf-8"), (unit, name)
