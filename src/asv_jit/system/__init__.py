"""Processes, locks, temporary folders: the operating system."""
