"""The templates of the site, the user's over ours, and how they become text."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import cache, lru_cache
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from jinja2.runtime import Macro

from asv_jit.errors import UsageError
from asv_jit.site.parts import figures
from asv_jit.text import units
from asv_jit.text.case_names import case_text


def template_folders(users: Path | None) -> tuple[Path, ...]:
    """Where templates and static files come from, the first before the second. Raises UsageError without ours."""
    return (_packaged(),) if users is None else (users, _packaged())


@cache
def template_environment(sources: tuple[Path, ...]) -> Environment:
    """Load templates from `sources`, an earlier folder's over a later one's; forked processes share what is compiled.

    Templates format values with `units`, `figures` and `case_text`; `once(macro, …)` remembers what a macro makes of
    these values.
    """
    environment = Environment(
        autoescape=True,  # for every file, whatever it is called
        loader=ChoiceLoader([FileSystemLoader(source) for source in sources]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals |= {"units": units, "figures": figures, "case_text": case_text}
    environment.globals["once"] = lru_cache(maxsize=None, typed=True)(_made)  # typed: a Markup equals its text
    return environment


def _made(macro: Macro, *values: Hashable) -> str:
    made: str = macro(*values)
    return made


def static_files(sources: Sequence[Path]) -> dict[str, bytes]:
    """Return the static files of all sources by name, the user's over ours."""
    return {
        path.relative_to(source).as_posix(): path.read_bytes()
        for source in reversed(sources)
        for path in sorted((source / "static").rglob("*"))
        if path.is_file()
    }


@cache
def _packaged() -> Path:
    """Beside the package in a wheel, at the root of a checkout."""
    here = Path(__file__).resolve()
    for candidate in (here.parents[1] / "site_templates", here.parents[3] / "site_templates"):
        if (candidate / "base.html").is_file():
            return candidate
    raise UsageError(f"the site's templates are missing beside {here.parents[1]}; install asv-jit again")
