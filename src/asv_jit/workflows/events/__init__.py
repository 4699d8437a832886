"""Finds, chooses and counts the events of the stored history, and their states."""
