from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from asv_jit.model import CaseKey
from asv_jit.site.content.slugs import slug
from tests.site.contents import HOSTILE

_ANY = st.text(st.characters(codec=None)) | st.sampled_from(HOSTILE)
_KEYS = st.builds(CaseKey, _ANY, st.lists(_ANY, max_size=3).map(tuple))


@given(_KEYS)
def test_safe_on_every_file_system(key: CaseKey) -> None:
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", slug(key))
    assert len(slug(key)) <= 80


@given(st.lists(_KEYS, unique=True))
def test_no_two_cases_share_one(keys: list[CaseKey]) -> None:
    assert len({slug(key) for key in keys}) == len(keys)


def test_names_that_read_alike_differ() -> None:
    alike = [CaseKey("a(b)"), CaseKey("a", ("b",)), CaseKey("a", ("b", "c")), CaseKey("a", ("b, c",)), CaseKey("A(b)")]
    assert len({slug(key) for key in alike}) == len(alike)
    assert slug(CaseKey("cpu.time_render", ("64",))).startswith("cpu-time-render-64-")
