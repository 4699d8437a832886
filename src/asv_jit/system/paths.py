"""Paths of asv-jit's cache: one folder in the user's cache folder, or at `ASV_JIT_CACHE_DIR`.

interpreters/    one immutable folder for each interpreter that asv-jit installed, named by its identity
valgrind/        the valgrind that asv-jit installed
installations/   one immutable folder for each installation (interpreter, requirements, commit)
locks/           the lock files, each with a file that names its holder
apt/             apt's private configuration and package lists
discovery/       the discovery library's cache
same-code/       results of A/A runs; not derived, but useful on this machine only
tmp/             one temporary folder for each running asv-jit; the next run removes those of killed ones
analysis/        cached analyses, one folder for each result tree; see `store/analysis_cache.py`
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import platformdirs

CACHE_VARIABLE = "ASV_JIT_CACHE_DIR"
Folder = Literal[
    "", "interpreters", "valgrind", "installations", "locks", "apt", "discovery", "same-code", "tmp", "analysis"
]


def cache_dir(folder: Folder = "") -> Path:
    """Return a folder of the cache, or the cache itself."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute() / folder
    return platformdirs.user_cache_path("asv-jit", appauthor=False) / folder
