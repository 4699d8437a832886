"""Reads what was measured: journals, asv's results, machines, history."""
