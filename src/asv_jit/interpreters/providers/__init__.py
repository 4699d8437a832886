"""Providers of interpreters: Debian's packages, uv."""
