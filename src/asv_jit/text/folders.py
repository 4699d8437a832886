"""A page for everybody tells what broke, not where it lay: folders of the machines that measured become short names.

The trials of a tree come from many machines, whose folders nobody here knows; what asv-jit makes has names that can be
told wherever it lies.
"""

from __future__ import annotations

import re

_SLASH = r"[\\/]"
_HEX = "[0-9a-f]"
_WORD = re.compile(r"""[^\s"'<>|:;,()=]+""")
"""What may be a path, or the part of one that a limit left over; each is looked at once, so that no text takes long."""
_ENDS = (
    (
        re.compile(rf"{_SLASH}installations{_SLASH}{_HEX}{{16}}(?:{_SLASH}{_HEX}{{32}})?(?={_SLASH}|$)"),
        "<installation>",
    ),
    (re.compile(rf"{_SLASH}interpreters{_SLASH}\d+\.\d+\.\d+\w*\+{_HEX}{{8}}(?={_SLASH}|$)"), "<interpreter>"),
    (re.compile(rf"{_SLASH}asv_jit(?={_SLASH}(?:trials|workflows|analysis){_SLASH})"), "<asv-jit>"),
)
"""Where something of ours begins, and what it is called then."""
_HOME = re.compile(r"""(?<![\w.~\\/:-])(?:/(?:home|Users)/[^\s/"':]+|/root|[A-Za-z]:\\Users\\[^\\\s"':]+)(?![\w.-])""")


def without_folders(text: str, *, project: str = "", benchmarks: str = "") -> str:
    """`text` (of any kind) with installations, interpreters, asv-jit itself and home directories named, not located.

    `project` is this machine's folder of the project, `benchmarks` the name of the folder of its benchmarks; what lies
    there is named from there on, as the repository does.
    """
    if project:
        text = text.replace(f"{project}/", "").replace(project, ".")
    if benchmarks:
        # Only files of tracebacks: elsewhere it may be anybody's folder of that name.
        text = re.sub(r'(?<=File ")[^"\n]+', lambda found: _from(found[0], benchmarks), text)
    return _HOME.sub("~", _WORD.sub(lambda found: _named(found[0]), text))


def _from(path: str, folder: str) -> str:
    """An absolute path from the last `folder` in it on."""
    place = path.rfind(f"/{folder}/")
    return path[place + 1 :] if place >= 0 else path


def _named(path: str) -> str:
    for pattern, name in _ENDS:
        found = pattern.search(path)
        if found is not None:
            return name + path[found.end() :]
    return path
