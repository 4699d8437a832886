"""Pure analysis: numbers in, values out; no I/O, no clock, seeds passed in.

Of scipy each module imports the name alone and calls `scipy.special.stdtr` and the like: scipy loads such a part, for
0.2 s, when it is first asked for it, and many commands never ask.
"""
