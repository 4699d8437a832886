"""The errors that users see: one base class, one exit code each.

A message says what was expected, what was found and what to do next. Only `cli.py` turns an error into an exit code.
Any other exception is a bug in asv-jit and ends it with a traceback and exit code 70.
"""

from __future__ import annotations

import errno
from typing import ClassVar


class AsvJitError(Exception):
    """Base of every error that the user can fix; `exit_code` is the process's exit code."""

    exit_code: ClassVar[int] = 70

    def __init_subclass__(cls, *, exit_code: int) -> None:
        cls.exit_code = exit_code


class UsageError(AsvJitError, exit_code=2):
    """Invalid usage or configuration."""


class NoInterpreterError(AsvJitError, exit_code=3):
    """No usable interpreter was found, or a requested one cannot be installed."""


class NoCounterError(AsvJitError, exit_code=3):
    """Instructions cannot be counted on this machine."""


class DamagedFileError(AsvJitError, exit_code=4):
    """A stored file is invalid; the message names file and line."""


class StorageError(AsvJitError, exit_code=4):
    """Results cannot be written (full disk, missing permission); synced results are safe."""


class LockedError(AsvJitError, exit_code=5):
    """Another process holds the lock; the message names it."""


class InterruptedRunError(AsvJitError, exit_code=130):
    """The user or the system stopped the run (Ctrl-C, SIGTERM); synced results are safe."""


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The errors of a full disk, after which later writes fail too."""


def is_full(error: OSError) -> bool:
    """Return True if the disk is full."""
    return error.errno in FULL
