"""The only package that uses asv's internals: its configuration, environments, suites, results and machines.

Importing any part of asv loads all of it in 0.15 s. So the modules that only read results (`project`, `suite`, `site`,
`history`) import asv inside the functions that call it; the modules that measure import it at the top.
"""
