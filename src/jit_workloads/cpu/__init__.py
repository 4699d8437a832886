"""Claim: code that spends its time in Python bytecode gains most from the JIT.

Each module holds one workload, or two close relatives. They differ in what their bytecode does (floats,
small integers, calls, attribute access, containers, generators, strings), because traces are good at some
of these and poor at others.
"""
