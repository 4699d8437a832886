from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import markupsafe
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from markupsafe import Markup

from asv_jit.site import templates
from asv_jit.site.templates import environment_of, escape

_MACROS = "{% macro bold(text) %}<b>{{ text }}</b>{% endmacro %}"


class _WithMarkup:
    def __html__(self) -> str:
        return "<i>made</i>"


@given(st.one_of(st.text("ab&<>'\"é\0"), st.text(), st.integers(), st.floats(), st.none()))
def test_escaping_is_that_of_markupsafe(value: object) -> None:
    assert escape(value) == markupsafe.escape(value)
    assert escape(Markup("<b>") + Markup("{}").format(value)) == Markup("<b>") + markupsafe.escape(value)


def test_only_what_says_so_is_markup() -> None:
    assert escape(Markup("<b>")) == "<b>"
    assert escape(_WithMarkup()) == "<i>made</i>"


def _rendered(folder: Path, page: str, **values: object) -> str:
    (folder / "macros.html").write_text(_MACROS)
    (folder / "page.html").write_text('{% from "macros.html" import bold %}' + page)
    return environment_of((folder,)).get_template("page.html").render(**values)


@pytest.mark.parametrize(
    "page", ["{{ text }}", "{{ bold(text) }}", "{{ once(bold, text) }}", "{% set it %}{{ text }}{% endset %}{{ it }}"]
)
def test_every_way_to_say_a_text_escapes_it_once(tmp_path: Path, page: str) -> None:
    assert _rendered(tmp_path, page, text="<a> & b").replace("<b>", "").replace("</b>", "") == "&lt;a&gt; &amp; b"


def test_a_text_is_escaped_where_the_same_letters_were_markup_before(tmp_path: Path) -> None:
    page = "{{ once(bold, safe) }}{{ once(bold, text) }}"
    assert _rendered(tmp_path, page, safe=Markup("<a>"), text="<a>") == "<b><a></b><b>&lt;a&gt;</b>"


def test_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError):
        _rendered(tmp_path, "{{ nothing }}")


def test_a_users_template_may_ask_a_table_for_an_item_by_its_name(tmp_path: Path) -> None:
    assert _rendered(tmp_path, "{{ text.key }}{{ text.other is defined }}", text={"key": "value"}) == "valueFalse"


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that counts as that of our own templates, where Python keeps what it compiles."""
    monkeypatch.setattr(templates, "_packaged", lambda: tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    return tmp_path


def _kept(folder: Path) -> dict[str, bytes]:
    environment_of.cache_clear()  # as another process would begin
    return {path.name: path.read_bytes() for path in (folder / "__pycache__").glob("*")}


def test_our_templates_are_compiled_once(ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _rendered(ours, "{{ bold(text) }}", text="<") == "<b>&lt;</b>"
    kept = _kept(ours)
    assert len(kept) == 2
    with monkeypatch.context() as changed:
        changed.setattr(templates._Environment, "_generate", lambda *_: pytest.fail("compiled again"))
        assert _rendered(ours, "{{ bold(text) }}", text="<") == "<b>&lt;</b>"
    environment_of.cache_clear()
    assert _rendered(ours, "{{ text }}", text="<") == "&lt;"
    assert _kept(ours) != kept


@pytest.mark.parametrize(
    "damage", [lambda kept: b"", lambda kept: kept[:70], lambda kept: kept[:64], lambda kept: b"x"]
)
def test_what_is_kept_of_a_template_and_cannot_be_used_is_made_again(
    ours: Path, damage: Callable[[bytes], bytes]
) -> None:
    _rendered(ours, "{{ text }}", text="<")
    kept = _kept(ours)
    for name, content in kept.items():
        (ours / "__pycache__" / name).write_bytes(damage(content))
    assert _rendered(ours, "{{ text }}", text="<") == "&lt;"
    assert _kept(ours) == kept


def test_nothing_is_kept_of_a_users_templates_or_where_python_keeps_nothing(
    tmp_path: Path, ours: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    _rendered(theirs, "{{ text }}", text="")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    _rendered(ours, "{{ text }}", text="")
    assert _kept(ours) == _kept(theirs) == {}


def test_our_templates_are_rendered_where_nothing_can_be_kept(ours: Path) -> None:
    (ours / "__pycache__").write_text("in the way")
    assert _rendered(ours, "{{ text }}", text="<") == "&lt;"
