"""What the subcommands do, each reading top to bottom like its description."""
