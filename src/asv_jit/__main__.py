"""`python -m asv_jit`: the same as the command `asv-jit`."""

from __future__ import annotations

from asv_jit.cli import main

if __name__ == "__main__":
    main()
