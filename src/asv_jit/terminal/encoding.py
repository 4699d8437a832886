"""Makes output independent of the terminal's encoding: a character that it lacks becomes a similar ASCII one or `?`."""

from __future__ import annotations

import codecs
import io
import sys

_NAME = "asv-jit-look-alike"
_LOOK_ALIKES = str.maketrans(
    {"▲": "^", "▼": "v", "×": "x", "–": "-", "−": "-", "—": "-", "±": "~", "µ": "u", "μ": "u", "∞": "inf", "…": "...",
     "→": "->", "’": "'", "‘": "'", "“": '"', "”": '"', "·": ".", "•": "*", "¦": "|", "█": "#", "▁": "_"}
)  # fmt: skip


def replace_unencodable() -> None:
    """Make stdout and stderr replace characters that the locale or PYTHONIOENCODING cannot encode."""
    codecs.register_error(_NAME, _replaced)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # tests replace the streams, and pythonw has none
            stream.reconfigure(errors=_NAME)


def _replaced(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    text = error.object[error.start : error.end].translate(_LOOK_ALIKES)
    return text.encode("ascii", "replace").decode("ascii"), error.end
