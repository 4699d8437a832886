"""This repository's own asv suite: one module a group of `jit_workloads`, one class a workload.

A `time_` method returns its workload's checksum. asv does not look at it; a harness that keeps it can tell a wrong
answer from a fast one. What a benchmark works on is made in `setup` and remembered, for `setup` runs again before
every call; it goes without `setup` where nothing has to be made, so that asv may put quick calls into one sample.
`warmup_time` gives plain `asv run` time to get compiled. `version` is raised by hand when a workload's work changes.
"""
