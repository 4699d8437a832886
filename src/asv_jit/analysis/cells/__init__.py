"""Analysis of one cell: summary of its blocks, break-even, memory, correctness, compiled traces."""
