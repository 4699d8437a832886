"""Text put together from many small pieces."""

from __future__ import annotations

from zlib import crc32

__all__ = ["text_building"]


def _amount(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _line(number: int) -> str:
    cents = number * 7919 % 100_000
    text = f"{number:05d} item-{number % 97}"
    text += " " * (24 - len(text))
    text += _amount(cents).rjust(10)
    if cents % 3 == 0:
        text += " reduced"
    elif cents % 5 == 0:
        text += " " + "new".upper()
    return text


def _initials(text: str) -> str:
    found = ""
    word_before = False
    for letter in text:
        is_word = letter.isalpha()
        if is_word and not word_before:
            found += letter
        word_before = is_word
    return found


def text_building(lines: int = 20_000) -> int:
    """The CRC-32 of a price list of `lines` lines and of the initials of its words.

    Stresses: formatted strings, concatenation, methods of strings, and a walk over the letters. Claim: a small
    gain, because most of the time goes into allocating and copying strings.
    """
    built = [_line(number) for number in range(lines)]
    short = [_initials(line) for line in built]
    return crc32("\n".join(built + short).encode())
