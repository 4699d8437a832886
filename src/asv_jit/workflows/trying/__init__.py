"""`asv-jit try`: pairs of a whole program."""
