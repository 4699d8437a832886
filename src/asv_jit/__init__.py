"""asv-jit: what CPython's JIT does to your code, on every commit and every Python release."""

__version__ = "0.1.0.dev0"
