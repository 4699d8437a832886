"""Finds, identifies, selects and installs CPython interpreters.

The flow: `discover` (finds candidates) -> `probe` (identifies each) -> `resolve` (selects the one that a spec means);
`provision` installs missing ones through the providers `uv` and `debian`.
"""
