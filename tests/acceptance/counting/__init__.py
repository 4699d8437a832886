"""The figures of counted instructions, for real: valgrind, an interpreter with a JIT, both cores held on purpose."""
