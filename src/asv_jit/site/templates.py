"""The templates of the site, the user's over ours, and how they become text.

A large site renders thousands of pages of some hundred pieces each, so two things are done otherwise than jinja does
them: a text without special characters is not copied to be escaped, and a part that many pages share is made once.
"""

from __future__ import annotations

import hashlib
import marshal
import sys
from collections.abc import Hashable, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path

import jinja2
import markupsafe
from jinja2 import BytecodeCache, ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, nodes
from jinja2.bccache import Bucket
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Macro
from markupsafe import Markup

from asv_jit.errors import StorageError, UsageError
from asv_jit.store.files import write_atomically


def template_folders(users: Path | None) -> tuple[Path, ...]:
    """Where templates and static files come from, the first before the second. Raises UsageError without ours."""
    return (_packaged(),) if users is None else (users, _packaged())


_isdisjoint = frozenset("&<>'\"").isdisjoint
"""Of the characters that mean something in HTML: whether a text has none of them."""


@cache
def environment_of(sources: tuple[Path, ...]) -> Environment:
    """Templates, the user's over ours; those of a process that was forked are compiled already.

    `once(macro, …)` in a template is what the macro makes of these values, which is remembered.
    """
    environment = _Environment(
        autoescape=True,  # for every file, whatever it is called
        loader=ChoiceLoader([FileSystemLoader(source) for source in sources]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        bytecode_cache=_Compiled(),
    )
    environment.globals["once"] = lru_cache(maxsize=None, typed=True)(_made)  # typed: a Markup equals its text
    return environment


def escape(value: object) -> str:
    """What `markupsafe.escape` says, but a text that needs no escaping is not copied into a Markup.

    For templates alone, which only join what it returns; half of the time of rendering a case's page went into this.
    """
    if type(value) is str:
        return value if _isdisjoint(value) else markupsafe.escape(value)
    return value if type(value) is Markup else markupsafe.escape(value)


class _Generator(CodeGenerator):
    """Asks for an attribute as Python does, where jinja would look for an item of that name too.

    In our own templates alone, which only place values: each of thousands of pages asks for two hundred.
    """

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802 - jinja's name
        """Write the code of `node`."""
        if self.filename is None or not _is_ours(self.filename):
            super().visit_Getattr(node, frame)
            return
        self.write("(")
        self.visit(node.node, frame)
        self.write(f").{node.attr}")


class _Environment(Environment):
    """Lets the code of every template use our `escape`, by the hook that jinja has for it."""

    code_generator_class = _Generator

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        return f"{super()._generate(source, name, filename, defer_init)}\nfrom {__name__} import escape\n"


class _Compiled(BytecodeCache):
    """Keeps our own templates compiled, as Python keeps our modules: beside them, and where it keeps any.

    To compile them takes 0.15 s of each publication. A user's templates are compiled each time: their folder is theirs.
    """

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """The file of the compiled template; empty for one that is not ours."""
        return cache_from_source(filename) if filename is not None and _is_ours(filename) else ""

    def get_source_checksum(self, source: str) -> str:
        """Of all that the compiled template is made of."""
        return hashlib.sha256((_compilers() + source).encode()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load it where it is known."""
        with suppress(OSError, EOFError, ValueError, TypeError):  # not there, or no code: it is made again
            kept = Path(bucket.key).read_bytes() if bucket.key else b""
            head = bucket.checksum.encode()
            if kept.startswith(head):
                bucket.code = marshal.loads(kept[len(head) :])  # noqa: S302 - as Python does with what is beside it

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it where that is wanted, and where the folder can be written."""
        if bucket.key and not sys.dont_write_bytecode:
            with suppress(StorageError):
                write_atomically(Path(bucket.key), bucket.checksum.encode() + marshal.dumps(bucket.code))


def _made(macro: Macro, *values: Hashable) -> str:
    made: str = macro(*values)
    return made


def static_files(sources: Sequence[Path]) -> dict[str, bytes]:
    """The static files of all sources by name, the user's over ours."""
    return {
        path.relative_to(source).as_posix(): path.read_bytes()
        for source in reversed(sources)
        for path in sorted((source / "static").rglob("*"))
        if path.is_file()
    }


@cache
def _compilers() -> str:
    """What makes code of a template: Python, jinja, and what is ours here."""
    return f"{MAGIC_NUMBER!r} {jinja2.__version__} {Path(__file__).read_text(encoding='utf-8')}"


def _is_ours(filename: str) -> bool:
    return Path(filename).parent == _packaged()


@cache
def _packaged() -> Path:
    """Beside the package in a wheel, at the root of a checkout."""
    here = Path(__file__).resolve()
    for candidate in (here.parents[1] / "site_templates", here.parents[3] / "site_templates"):
        if (candidate / "base.html").is_file():
            return candidate
    raise UsageError(f"the site's templates are missing beside {here.parents[1]}; install asv-jit again")
