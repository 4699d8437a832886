"""What one cell says: its blocks summed up, break-even, memory, correctness, what was compiled."""
