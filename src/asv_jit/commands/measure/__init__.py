"""Commands that measure: programs, commits, two sides of a change, a whole night."""
