"""The subcommands: each parses, calls one workflow, prints, and returns its exit code (None is 0)."""
