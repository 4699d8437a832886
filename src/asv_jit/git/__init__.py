"""Reads the repository; writes results branches."""
