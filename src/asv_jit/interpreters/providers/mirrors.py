"""Which Debian mirrors a machine uses, by its own apt sources (one-line `.list` and deb822 `.sources`). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

FALLBACK = "http://deb.debian.org/debian"

# An entry of a main Debian archive names one of these suites; third parties use their own, or their own components.
_SUITES = frozenset({
    "oldoldstable", "oldstable", "stable", "testing", "unstable", "sid",
    "buster", "bullseye", "bookworm", "trixie", "forky", "duke",
})  # fmt: skip
_ONE_LINE = re.compile(r"deb(?:-src)?\s+(?:\[[^]]*]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>[^#]+)")


def debian_mirrors(lists: Iterable[str], sources: Iterable[str]) -> list[str]:
    """The mirrors to try, best first, the fallback last.

    Parameters: the texts of the machine's `.list` files and of its `.sources` files.
    Entries that merely look like Debian's are kept: signatures decide, and the next one is tried.
    """
    found = [uri for text in lists for uri in of_one_line(text)]
    found += [uri for text in sources for uri in of_deb822(text)]
    likely = sorted(dict.fromkeys(found), key=lambda uri: not _looks_like_debian(uri))
    return list(dict.fromkeys((*likely, FALLBACK)))


def of_one_line(text: str) -> list[str]:
    """The addresses of Debian archives in the text of a `.list` file, in order."""
    found = []
    for line in text.splitlines():
        match = _ONE_LINE.match(line.strip())
        if match and line.strip().startswith("deb ") and _is_main_archive(match["suite"], match["components"]):
            found.append(match["uri"].rstrip("/"))
    return found


def of_deb822(text: str) -> list[str]:
    """The addresses of Debian archives in the text of a `.sources` file, in order."""
    found = []
    for paragraph in re.split(r"\n\s*\n", text):
        fields = _fields(paragraph)
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in {"no", "false"}:
            continue
        components = fields.get("components", "")
        if any(_is_main_archive(suite, components) for suite in fields.get("suites", "").split()):
            found += [uri.rstrip("/") for uri in fields.get("uris", "").split()]
    return found


def _fields(paragraph: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in paragraph.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line[0].isspace():  # the continuation of the field above
            fields[name] = f"{fields.get(name, '')} {line.strip()}"
            continue
        name, _, value = line.partition(":")
        name = name.strip().lower()
        fields[name] = value.strip()
    return fields


def _is_main_archive(suite: str, components: str) -> bool:
    return suite in _SUITES and "main" in components.split()


def _looks_like_debian(uri: str) -> bool:
    return uri.endswith("/debian") or uri.startswith("mirror")
