"""What `inside.py` is made of. Runs in the interpreter under test; loaded there as the package `asv_jit_child`."""
