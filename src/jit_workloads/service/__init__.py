"""Claim: a service that runs for long gains once it is warm; its first thousands of requests are not its steady state.

Real libraries, driven in the process through their own interfaces: a request spends its time in many small
functions of a framework, each of them only lukewarm. Each module offers `handle`, which answers the request of
a number and returns a checksum of the answer, and a batch of requests as a workload. `latency` times the first
requests of a process one by one. The modules import the libraries that they are about, and nothing else here does.
"""
