"""`asv-jit publish`: the site, from everything that was measured."""

from __future__ import annotations
