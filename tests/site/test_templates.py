from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from asv_jit.site.templates import template_environment

_MACROS = "{% macro bold(text) %}<b>{{ text }}</b>{% endmacro %}"


def _rendered(folder: Path, page: str, **values: object) -> str:
    (folder / "macros.html").write_text(_MACROS)
    (folder / "page.html").write_text('{% from "macros.html" import bold %}' + page)
    return template_environment((folder,)).get_template("page.html").render(**values)


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
