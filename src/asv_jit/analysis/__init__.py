"""Pure analysis: numbers in, values out; no I/O, no clock, seeds passed in.

Modules write `import scipy` and call `scipy.special.stdtr`: scipy imports a submodule on first use, which takes 0.2 s,
and many commands never use one.
"""
