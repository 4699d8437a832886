"""The programs that are measured: plain Python functions that know no harness.

A group is a claim about what CPython's JIT does to a kind of program; its module or package states the claim, and
the Guide of the site says what was measured of it. What a workload claims of itself is an expectation, too.

| group | claim |
|---|---|
| `cpu` | code that spends its time in Python bytecode gains |
| `service` | a service that runs for long gains once it is warm |
| `io_bound` | a program that waits for the kernel does not gain |
| `extension` | where C does the work there is no gain |
| `startup` | a process that ends within a second does not gain, and should not get slower |
| `memory` | where memory is scarce the JIT costs: compiled code takes some for every hot place, data none |

Every workload is deterministic and leaves nothing behind: the same arguments give the same checksum on every
interpreter, in either JIT mode and under any hash seed. A workload's default size is that of a program
somebody would run; the benchmarks pass sizes that take milliseconds. Only `service` needs other libraries,
and only its own modules import them.
"""
