"""Paths of asv-jit's cache: one folder in the user's cache folder, or at `ASV_JIT_CACHE_DIR`."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

CACHE_VARIABLE = "ASV_JIT_CACHE_DIR"


def cache_dir() -> Path:
    """The cache folder: `ASV_JIT_CACHE_DIR`, else `asv-jit` in the user's cache folder."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    return platformdirs.user_cache_path("asv-jit", appauthor=False)


def interpreters_dir() -> Path:
    """One immutable folder per interpreter that asv-jit installed, named by its identity."""
    return cache_dir() / "interpreters"


def valgrind_dir() -> Path:
    """The valgrind that asv-jit installed."""
    return cache_dir() / "valgrind"


def installations_dir() -> Path:
    """One immutable folder per installation (interpreter, requirements, commit)."""
    return cache_dir() / "installations"


def locks_dir() -> Path:
    """The lock files, each with a file that names its holder."""
    return cache_dir() / "locks"


def apt_dir() -> Path:
    """apt's private configuration and package lists."""
    return cache_dir() / "apt"


def discovery_dir() -> Path:
    """The discovery library's cache."""
    return cache_dir() / "discovery"


def same_code_dir() -> Path:
    """Results of A/A runs; not derived, but useful on this machine only."""
    return cache_dir() / "same-code"


def scratch_dir() -> Path:
    """One temporary folder per running asv-jit; the next run removes those of killed ones."""
    return cache_dir() / "tmp"


def analysis_dir() -> Path:
    """Cached analyses, one folder per result tree; see `store/analysis_cache.py`."""
    return cache_dir() / "analysis"
