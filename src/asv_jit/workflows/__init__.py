"""The steps of each subcommand, readable from top to bottom."""
