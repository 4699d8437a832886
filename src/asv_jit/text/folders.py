"""Replace machine-specific paths in published text by short names.

Trials come from many machines, whose home directories are unknown here, so paths are recognized by the names that
asv-jit gives its own folders.
"""

from __future__ import annotations

import re

_SLASH = r"[\\/]"
_HEX = "[0-9a-f]"
_WORD = re.compile(r"""[^\s"'<>|:;,()=]+""")
"""A possible path, perhaps truncated. Each match is examined once, so the run time is linear in the text."""
_ENDS = (
    (
        re.compile(rf"{_SLASH}installations{_SLASH}{_HEX}{{16}}(?:{_SLASH}{_HEX}{{32}})?(?={_SLASH}|$)"),
        "<installation>",
    ),
    (re.compile(rf"{_SLASH}interpreters{_SLASH}\d+\.\d+\.\d+\w*\+{_HEX}{{8}}(?={_SLASH}|$)"), "<interpreter>"),
    (re.compile(rf"{_SLASH}asv_jit(?={_SLASH}(?:trials|workflows|analysis){_SLASH})"), "<asv-jit>"),
)
"""Patterns of asv-jit's own folders, and the names that replace them."""
_HOME = re.compile(r"""(?<![\w.~\\/:-])(?:/(?:home|Users)/[^\s/"':]+|/root|[A-Za-z]:\\Users\\[^\\\s"':]+)(?![\w.-])""")


def without_folders(text: str, *, project: str = "", benchmarks: str = "") -> str:
    """Return `text` with the paths of installations, interpreters, asv-jit and home directories replaced by names.

    `project` is this machine's folder of the project, `benchmarks` the name of its benchmark folder. Paths below
    either become relative to the repository.
    """
    if project:
        text = text.replace(f"{project}/", "").replace(project, ".")
    if benchmarks:
        # Only in tracebacks: elsewhere a folder of that name may be unrelated.
        text = re.sub(r'(?<=File ")[^"\n]+', lambda found: _from(found[0], benchmarks), text)
    return _HOME.sub("~", _WORD.sub(lambda found: _named(found[0]), text))


def _from(path: str, folder: str) -> str:
    """Return `path` from its last component `folder` on; unchanged if there is none."""
    place = path.rfind(f"/{folder}/")
    return path[place + 1 :] if place >= 0 else path


def _named(path: str) -> str:
    for pattern, name in _ENDS:
        found = pattern.search(path)
        if found is not None:
            return name + path[found.end() :]
    return path
