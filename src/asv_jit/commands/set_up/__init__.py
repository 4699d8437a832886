"""Commands that set up a project and a machine, and that maintain stored results."""
