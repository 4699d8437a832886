"""The errors a user can meet: one base class, one exit code each.

A message says what was expected, what was found and what to do next. Only `cli.py` turns one of these
into an exit; any other exception is a defect of the tool and leaves with a traceback and exit code 70.
"""

from __future__ import annotations

import errno
from typing import ClassVar


class AsvJitError(Exception):
    """Base of every error that is the user's to mend; `exit_code` is the process's exit code."""

    exit_code: ClassVar[int] = 70


class UsageError(AsvJitError):
    """Wrong usage or a wrong configuration."""

    exit_code = 2


class NoInterpreterError(AsvJitError):
    """No usable interpreter is at hand, or one that was asked for cannot be had."""

    exit_code = 3


class NoCounterError(AsvJitError):
    """Instructions cannot be counted here."""

    exit_code = 3


class DamagedFileError(AsvJitError):
    """A stored file cannot be read as what it should be; the message names file and line."""

    exit_code = 4


class StorageError(AsvJitError):
    """Results cannot be written (full disk, missing permission); what was synced before is safe."""

    exit_code = 4


class LockedError(AsvJitError):
    """Another run holds the lock; the message says who."""

    exit_code = 5


class InterruptedRunError(AsvJitError):
    """The user or the system stopped the run (Ctrl-C, SIGTERM); what was synced before is safe."""

    exit_code = 130


def is_full(error: OSError) -> bool:
    """Whether the disk is: then nothing that follows can be kept either."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
