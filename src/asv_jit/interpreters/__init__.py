"""Interpreters: finds those of the machine, says what they are, picks one, installs those that are missing.

The flow: `discover` (candidates) -> `probe` (what each is) -> `resolve` (the one that a spec means), and
`provision` (asks the providers `uv` and `debian` for what is missing).
"""
