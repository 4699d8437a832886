"""Where interpreters come from: Debian's packages, uv."""
