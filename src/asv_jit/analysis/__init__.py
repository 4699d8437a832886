"""Pure analysis: numbers in, values out; no I/O, no clock, seeds passed in."""
