"""Prints results in a terminal: one module per command that prints; `console` is shared by all."""
