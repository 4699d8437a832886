"""The programs that are measured: plain Python functions that know no harness.

A group is a claim about what CPython's JIT does to a kind of program; its module or package states the claim.

| group | claim |
|---|---|
| `cpu` | code that spends its time in Python bytecode gains most |
| `service` | request handling gains less: its time is spread over many paths that are each only lukewarm |
| `io_bound` | a program that waits for the kernel neither gains nor loses |
| `extension` | where C does the work the JIT changes nothing |
| `startup` | a short process ends before the JIT has paid, and must not get slower |
| `memory` | compiled code costs memory for every hot place; data costs the same in both modes |

Every workload is deterministic and leaves nothing behind: the same arguments give the same checksum on every
interpreter, in either JIT mode and under any hash seed. A workload's default size is that of a program
somebody would run; the benchmarks pass sizes that take milliseconds. Only `service` needs other libraries,
and only its own modules import them.
"""
