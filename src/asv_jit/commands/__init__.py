"""The subcommands, by purpose. Each parses its options, calls one workflow, prints, and returns its exit code."""
